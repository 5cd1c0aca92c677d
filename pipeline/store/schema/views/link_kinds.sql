-- What kind of link each one to a registered domain is, and the evidence, by the rules of link_kinds_among.
-- Cost: the links of that domain with the text around them, and of the sites that link there what is known
-- of each page.
-- Version: 1
SELECT
    source_domain, -- registered domain of the page
    source_url,
    target_url,
    state,
    kind, -- editorial, navigation, sitewide, sponsored, ugc, widget, directory or syndicated; empty where it is not known
    evidence, -- what says so, in a sentence
    position, -- where it stands on the page; empty where that is not known, as of an archive's WAT
    nofollow,
    ugc,
    sponsored,
    anchor,
    on_page, -- external links that its page had at its latest complete visit; 0 where there was none
    pages_with, -- pages of the host that link to the same URL
    pages_of_host -- pages of the host that were fetched whole
FROM link_kinds_among(domain = {domain:String}, after = '', until = '', as_of = 18446744073709551615)
