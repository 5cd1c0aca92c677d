-- The table with the most active parts. Reads no data.
SELECT
    max(active_parts) AS parts,
    argMax(table, active_parts) AS table
FROM
(
    SELECT
        table,
        count() AS active_parts
    FROM system.parts
    WHERE database = currentDatabase() AND active
    GROUP BY table
)
