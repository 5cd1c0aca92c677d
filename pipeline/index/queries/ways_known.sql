-- Whether other pages ever led to a target's own. Cost: a row in `leads_in`.
SELECT count() AS ways
FROM (SELECT 1 FROM leads_in WHERE end_domain = {domain:String} LIMIT 1)
