-- What kind of link each one is, and the evidence: of links to the domain `domain` alone, or where that is
-- empty to those after `after` up to `until`, in the order of their names ('' is no bound). The rules stand
-- here and nowhere else; the first that holds decides. What only a list says has no part, nor what was first
-- seen after `as_of` (ms since 1970).
-- Cost: those links with the text around them, and of all sites that link there what is known of each page; 1 KB
-- of memory a link.
-- Version: 2
WITH
    -- What is put on pages for what it does or allows, and not for what it says. Where it is from: the
    -- addresses that the makers of licences, validators, counters, plug-ins and share buttons tell people
    -- to paste, by their own pages; drawn up by us, no list of anybody's. A host (without www.), and how
    -- the paths of it begin.
    [
        ('addthis.com', ['/bookmark'], 'a share button'),
        ('addtoany.com', ['/share', '/add_to'], 'a share button'),
        ('api.whatsapp.com', ['/send'], 'a share button'),
        ('bsky.app', ['/intent'], 'a share button'),
        ('digg.com', ['/submit'], 'a share button'),
        ('facebook.com', ['/sharer', '/share.php', '/dialog/'], 'a share button'),
        ('getpocket.com', ['/save', '/edit'], 'a share button'),
        ('linkedin.com', ['/sharearticle', '/sharing', '/cws/share'], 'a share button'),
        ('news.ycombinator.com', ['/submitlink'], 'a share button'),
        ('pinterest.com', ['/pin/create'], 'a share button'),
        ('plus.google.com', ['/share'], 'a share button'),
        ('reddit.com', ['/submit'], 'a share button'),
        ('service.weibo.com', ['/share'], 'a share button'),
        ('stumbleupon.com', ['/submit'], 'a share button'),
        ('t.me', ['/share'], 'a share button'),
        ('telegram.me', ['/share'], 'a share button'),
        ('tumblr.com', ['/share', '/widgets/share'], 'a share button'),
        ('twitter.com', ['/intent', '/share', '/home?status'], 'a share button'),
        ('vk.com', ['/share.php'], 'a share button'),
        ('wa.me', ['/'], 'a share button'),
        ('x.com', ['/intent', '/share'], 'a share button'),
        ('xing.com', ['/spi/shares', '/app/user?op=share'], 'a share button'),
        ('apache.org', ['/licenses'], 'a licence'),
        ('creativecommons.org', ['/licenses', '/publicdomain'], 'a licence'),
        ('fsf.org', ['/licens'], 'a licence'),
        ('gnu.org', ['/licenses', '/copyleft'], 'a licence'),
        ('i.creativecommons.org', ['/'], 'a licence'),
        ('opensource.org', ['/licenses', '/license'], 'a licence'),
        ('feedvalidator.org', ['/'], 'a validator'),
        ('html5.validator.nu', ['/'], 'a validator'),
        ('jigsaw.w3.org', ['/css-validator'], 'a validator'),
        ('validator.nu', ['/'], 'a validator'),
        ('validator.schema.org', ['/'], 'a validator'),
        ('validator.w3.org', ['/'], 'a validator'),
        ('w3.org', ['/wai/wcag', '/icons/valid'], 'a validator'),
        ('wave.webaim.org', ['/'], 'a validator'),
        ('extremetracking.com', ['/'], 'a counter'),
        ('histats.com', ['/'], 'a counter'),
        ('sitemeter.com', ['/'], 'a counter'),
        ('statcounter.com', ['/'], 'a counter'),
        ('webcounter.com', ['/'], 'a counter'),
        ('adobe.com', ['/go/getflash', '/products/acrobat/readstep'], 'a plug-in'),
        ('apple.com', ['/quicktime/download'], 'a plug-in'),
        ('get.adobe.com', ['/'], 'a plug-in'),
        ('getfirefox.com', ['/'], 'a plug-in'),
        ('macromedia.com', ['/go/getflash', '/shockwave/download'], 'a plug-in'),
        ('real.com', ['/products/player', '/player'], 'a plug-in')
    ] AS widgets,
    '^(proudly |site |website |blog |forum |shop )?(powered by|theme( by|:)|template( by|:)|design(ed)? by|(web ?)?design(:| by)|web ?site by|hosted by|hosting by|built (with|by)|made with|created with|developed by|valid (x?html|css|rss|atom)|creative commons|cc[ -]by|propulsé par|réalisé par|realizzato (con|da)|hecho con|desarrollado por|diseño( web)?:|erstellt mit|gestaltet von|umsetzung:|webdesign:|mogelijk gemaakt door|gemaakt door|stworzone przez|wykonanie:|работает на|создание сайта)' AS credited,
    '(powered by|(theme|template|designed|design|site|website|developed|created|built|hosted|hosting|made)( by| with)|propulsé par|réalisé par|realizzato (con|da)|hecho con|desarrollado por|erstellt mit|gestaltet von|gemaakt door|stworzone przez|работает на)[ :]*$' AS credits,
    '(^|[^[:alpha:]])(sponsored|sponsored by|sponsored post|sponsored link|paid (post|link|content|partnership)|advertisement|advertorial|affiliate link|anzeige|werbung|gesponsert|publicité|article sponsorisé|patrocinado|publicidad|publicidade|pubblicità|sponsorizzato|gesponsord|advertentie|artykuł sponsorowany|reklama|реклама)[ :|–—-]*$' AS declares,
    '(^|[^a-z])(directory|directories|links?|linklist|linkliste|bookmarks|webring|webkatalog|katalog|catalogo|catalogue|annuaire|directorio|resources|submit-?site|add-?url|partners|blogroll|toplist|top-?sites)([^a-z]|$)' AS lists_links
SELECT
    target_domain, -- registered domain of what is linked
    source_domain, -- registered domain of the page
    source_host, -- host of the page
    source_path, -- path and query of the page
    target_host, -- host of what is linked
    target_path, -- path and query of what is linked
    source_url, -- the page
    target_url, -- what is linked
    element, -- what made the link: a, area, img-link, iframe, form, canonical, redirect and others
    state, -- live, unverified or lost
    first_seen, -- earliest visit with the link, ms since 1970
    lost_by, -- when it was known to be gone, ms since 1970; 0 where it is not
    position, -- where it stands on the page; empty where that is not known, as of an archive's WAT
    nofollow, -- 1 where its rel says so
    ugc, -- 1 where its rel says so
    sponsored, -- 1 where its rel says so
    anchor, -- anchor text
    text_before, -- text before the link
    text_after, -- text after the link
    on_page, -- external links that its page had at its latest complete visit; 0 where there was none
    pages_with, -- pages of the host that link to the same URL
    pages_of_host, -- pages of the host that were fetched whole
    told.1 AS kind, -- editorial, navigation, sitewide, sponsored, ugc, widget, directory or syndicated; empty where it is not known
    told.2 AS evidence -- what says so, in a sentence
FROM
(
    SELECT
        *,
        if(domain = '', '', ifNull(arrayFirst(w -> arrayExists(p -> startsWith(lowered, p), w.2), arrayFilter(w -> w.1 = domain, widgets)).3, '')) AS widget,
        pages_of_host >= 5 AND pages_with * 2 >= pages_of_host AS is_sitewide,
        least(100, intDiv(100 * pages_with, greatest(1, pages_of_host))) AS percent,
        lengthUTF8(text_before) + lengthUTF8(text_after) AS around,
        multiIf(
            element NOT IN ('a', 'area', 'img-link'), ('', ''),
            sponsored = 1, ('sponsored', 'rel says sponsored'),
            match(before_lowered, declares), ('sponsored', concat('the text before it says: ', trimBoth(regexpExtract(before_lowered, declares, 0), ' :|-/.'))),
            ugc = 1, ('ugc', 'rel says ugc'),
            position = 'comment', ('ugc', 'it stands in a comment'),
            widget != '', ('widget', concat('it leads to ', widget, ' at ', domain)),
            match(anchor_lowered, credited), ('widget', concat('its text is a credit: ', trimBoth(regexpExtract(anchor_lowered, credited, 0), ' :|-/.'))),
            position != 'main' AND match(before_lowered, credits), ('widget', concat('the text before it is a credit: ', trimBoth(regexpExtract(before_lowered, credits, 0), ' :|-/.'))),
            is_sitewide, ('sitewide', concat('it stands on ', toString(pages_with), ' of ', toString(greatest(pages_of_host, pages_with)), ' pages of its host')),
            position = 'footer', ('sitewide', 'it stands in the footer'),
            position IN ('nav', 'header', 'aside'), ('navigation', transform(position, ['nav', 'header', 'aside'], ['it stands in the navigation', 'it stands in the header', 'it stands in the sidebar'], '')),
            copied_text != '', ('syndicated', concat('its page has the same text as one of ', copied_text, ', seen before')),
            copied_words != '', ('syndicated', concat('the same words stand around it on ', copied_words, ', seen before')),
            on_page >= 100 AND around < 100, ('directory', concat('one of ', toString(on_page), ' external links of its page, with ', toString(around), ' characters around it')),
            on_page >= 30 AND around < 200 AND match(lower(source_path), lists_links), ('directory', concat('one of ', toString(on_page), ' external links of a page of links, ', trimBoth(regexpExtract(lower(source_path), lists_links, 0), ' :|-/.'))),
            position = 'main', ('editorial', 'it stands in the text of its page'),
            ('', '')
        ) AS told
    FROM
    (
        SELECT
            *,
            -- A page and a target make one link of each kind, so that these count pages.
            toUInt32(countIf(state != 'lost' OR lost_by > {as_of:UInt64}) OVER (PARTITION BY cityHash64(source_host, target_host, target_path, element))) AS pages_with,
            if(text = 0, (toUInt64(0), source_domain), min((first_seen, source_domain)) OVER (PARTITION BY cityHash64(target_domain, text))) AS of_text,
            if(of_text.2 = source_domain, '', of_text.2) AS copied_text,
            lengthUTF8(text_before) + lengthUTF8(text_after) >= 60 AS has_words,
            min((first_seen, source_domain)) OVER (PARTITION BY cityHash64(target_host, target_path, anchor, text_before, text_after)) AS of_words,
            if(NOT has_words OR of_words.2 = source_domain, '', of_words.2) AS copied_words
        FROM
        (
            SELECT
                links.target_domain AS target_domain,
                links.source_domain AS source_domain,
                links.source_host AS source_host,
                links.source_path AS source_path,
                links.target_host AS target_host,
                links.target_path AS target_path,
                links.source_url AS source_url,
                links.target_url AS target_url,
                links.kind AS element,
                links.state AS state,
                links.first_seen AS first_seen,
                links.lost_by AS lost_by,
                if(links.source = 'wat', '', links.position) AS position,
                links.nofollow AS nofollow,
                links.ugc AS ugc,
                links.sponsored AS sponsored,
                links.anchor AS anchor,
                around.text_before AS text_before,
                around.text_after AS text_after,
                pages.text AS text,
                pages.on_page AS on_page,
                hosts.pages_of_host AS pages_of_host,
                lowerUTF8(links.anchor) AS anchor_lowered,
                lowerUTF8(around.text_before) AS before_lowered,
                lower(links.target_path) AS lowered,
                if(startsWith(links.target_host, 'www.'), substring(links.target_host, 5), links.target_host) AS bare,
                if(has(arrayMap(w -> w.1, widgets), bare), bare, '') AS domain
            FROM
            (
                SELECT *
                FROM link_states
                WHERE ({domain:String} = '' OR target_domain = {domain:String}) AND ({domain:String} != '' OR (target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String}))) AND source != 'list'
                    AND first_seen <= {as_of:UInt64}
            ) AS links
            LEFT ANY JOIN
            (
                SELECT target_domain, source_host, source_path, target_host, target_path, toString(kind) AS kind, text_before, text_after
                FROM link_context FINAL
                WHERE ({domain:String} = '' OR target_domain = {domain:String}) AND ({domain:String} != '' OR (target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String})))
            ) AS around ON around.source_host = links.source_host AND around.source_path = links.source_path AND around.target_host = links.target_host AND around.target_path = links.target_path AND around.kind = links.kind
            LEFT ANY JOIN
            (
                SELECT host, path, toUInt64(bitAnd(max(text), toUInt128(18446744073709551615))) AS text, toUInt32(bitAnd(max(outward), 65535)) AS on_page
                FROM pages
                WHERE (domain, host, path) IN
                (
                    SELECT source_domain, page_host, source_path
                    FROM links
                    WHERE ({domain:String} = '' OR target_domain = {domain:String}) AND ({domain:String} != '' OR (target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String})))
                )
                GROUP BY host, path
            ) AS pages ON pages.host = links.source_host AND pages.path = links.source_path
            LEFT ANY JOIN
            (
                SELECT host, toUInt32(uniqExact(cityHash64(path))) AS pages_of_host
                FROM pages
                WHERE last_complete > 0 AND first_visit <= {as_of:UInt64} AND (domain, host) IN
                (
                    SELECT source_domain, page_host
                    FROM links
                    WHERE ({domain:String} = '' OR target_domain = {domain:String}) AND ({domain:String} != '' OR (target_domain > {after:String} AND ({until:String} = '' OR target_domain <= {until:String})))
                )
                GROUP BY host
            ) AS hosts ON hosts.host = links.source_host
        )
    )
)
