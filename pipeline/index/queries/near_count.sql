-- How many links lead into a domain, into those and it, and into those behind them: how far back a search
-- from it can go within a bound. Reads two columns of the snapshot's edges three times.
WITH
    first AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND target_domain = {domain:String}),
    second AS (SELECT source_domain FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND target_domain IN first)
SELECT
    (SELECT count() FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0) AS every,
    (SELECT count() FROM first) AS one,
    (SELECT count() FROM second) + one AS two,
    (SELECT count() FROM domain_edges WHERE snapshot = {snapshot:UInt64} AND weight > 0 AND target_domain IN second) + two AS three
