-- What tells one state of the links from another, beside the last arrival: how far jobs have read, and what is
-- suppressed. A few rows.
SELECT
    (SELECT groupBitXor(cityHash64(job, mark)) FROM marks FINAL) AS read,
    (SELECT groupBitXor(cityHash64(name)) FROM controls FINAL WHERE verb = 'suppress' AND value > 0) AS suppressed
