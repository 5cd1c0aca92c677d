-- What operators said, as the store has it. Reads the table whole: one row a statement.
SELECT verb, name, value, at, note, who
FROM controls FINAL
ORDER BY verb, name
