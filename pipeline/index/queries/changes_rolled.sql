-- As the view changes_of, of those domains alone on which something happened in the hours from `first_hour` to
-- `last_hour` (since 1970), as is kept of a large domain (`large_targets`). Cost: the links of these, and how they
-- looked; its rows in `link_uses`, of which the column of hours is read.
SELECT *
FROM changes_of(domain = {domain:String}, under = {under:String})
WHERE source_domain IN
    (
        SELECT source_domain
        FROM link_uses -- rows that others took the place of name domains too many
        ARRAY JOIN event_hours AS hour
        WHERE target_domain = {domain:String} AND hour >= {first_hour:UInt32} AND hour <= {last_hour:UInt32}
    )
