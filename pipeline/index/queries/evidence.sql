-- Every figure of a domain in the newest snapshot with its place. Reads its row, and the manifest.
SELECT *
FROM domain_evidence(domain = {domain:String})
