-- The columns of another question, which stands for `asked` here. Reads nothing.
SELECT *
FROM
(
asked
)
LIMIT 0
