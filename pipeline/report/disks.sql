-- The disks of the server that answers, in bytes. Reads a system table.
SELECT name, free_space AS free, total_space AS total
FROM system.disks
WHERE total_space > 0
ORDER BY name
