-- What speaks for the language and the country of each domain that was read: what its pages are in and for,
-- and its address. What is suppressed is not among the domains that are scored.
-- Cost: the latest text of all pages, in the order of their domains; a row a domain.
SELECT
    spoken.domain AS domain,
    spoken.language AS language,
    said.country AS by_pages,
    said.country_by AS pages_by,
    said.saying AS saying,
    said.of_all AS of_all,
    substring(visited.address, 21) AS ip
FROM
(
    SELECT
        domain,
        -- Ties go to the first in the alphabet.
        arraySort(l -> (-l.2, l.1), arrayZip(counts.1, counts.2))[1].1 AS language
    FROM
    (
        SELECT
            domain,
            sumMap(if(language = '', [], [language]), if(language = '', [], [1])) AS counts
        FROM
        (
            SELECT domain, host, path, argMaxIfMerge(content).2 AS language
            FROM pages
            GROUP BY domain, host, path
            HAVING max(last_complete) > 0 AND min(first_visit) <= {snapshot:UInt64}
        )
        GROUP BY domain
    )
) AS spoken
LEFT ANY JOIN
(
    SELECT
        domain,
        argMax(code, (n, code)) AS country,
        argMax(how, (n, code)) AS country_by,
        max(n) AS saying,
        sum(n) AS of_all
    FROM
    (
        SELECT
            domain,
            toString(country) AS code,
            arrayStringConcat(arraySort(groupUniqArray(toString(country_by))), ', ') AS how,
            uniqCombinedMerge(12)(pages) AS n
        FROM site_countries
        GROUP BY domain, code
    )
    GROUP BY domain
) AS said ON said.domain = spoken.domain
LEFT ANY JOIN
(
    SELECT domain, max(address) AS address
    FROM whereabouts
    GROUP BY domain
) AS visited ON visited.domain = spoken.domain
SETTINGS optimize_aggregation_in_order = 1
