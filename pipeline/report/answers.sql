-- Whether the store answers at all. Reads nothing.
SELECT 1 AS answers
