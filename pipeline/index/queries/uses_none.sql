-- As the view link_uses_of, of nobody. Costs nothing.
SELECT
    '' AS source_domain,
    toUInt32(0) AS links,
    toUInt32(0) AS followed,
    toUInt8(0) AS indirect
WHERE 0
