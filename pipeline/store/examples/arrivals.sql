-- How many pages were written in each of the last hours? Cost: reads one column of thirty days;
-- by `arrived` less.
SELECT toStartOfHour(toDateTime(intDiv(arrived, 1000), 'UTC')) AS hour, count() AS pages
FROM arrivals
GROUP BY hour
ORDER BY hour DESC
LIMIT 24
