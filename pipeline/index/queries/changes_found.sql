-- As the view changes_of, of those domains alone that changes.sql tells of on its page, which are found first: of many
-- links that is less than to read all of them whole. Cost: the links of that domain; what is read of these whole, and
-- how all looked.
SELECT *
FROM changes_of(domain = {domain:String}, under = {under:String})
WHERE source_domain IN
    (
        SELECT source_domain
        FROM
        (
            SELECT -toFloat64(toUnixTimestamp64Milli(at)) AS place, source_domain
            FROM changes_of(domain = {domain:String}, under = {under:String})
            WHERE toUnixTimestamp64Milli(at) >= {since:UInt64}
                AND toUnixTimestamp64Milli(at) < {until:UInt64}
                AND ({only:String} = '' OR change = {only:String})
                AND ({least_authority:Float64} < 0 OR ifNull(authority, -1) >= {least_authority:Float64})
                AND ({paged:UInt8} = 0 OR (place, source_domain) > (-{after_at:Float64}, {after_source_domain:String}))
            ORDER BY place, source_domain
            LIMIT {limit:UInt64}
        )
        UNION ALL
        -- Of the domain that the page before ended with there may be more.
        SELECT {after_source_domain:String}
    )
