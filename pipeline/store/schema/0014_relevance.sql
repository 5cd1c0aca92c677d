-- What domains are about, how near the two ends of a link are, and where domains are at home.

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS relevance Nullable(Float32) COMMENT 'cosine of what the two domains say, 0 to 1; NULL where of one too little text was read';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS shared_terms Array(String) COMMENT 'the terms that add most to it';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS similarity Nullable(Float32) COMMENT 'how alike the domains around the two are, -1 to 1, but for this link: co-citation over three hops, less what comes of popularity; NULL where one has no other link';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS relevance Nullable(Float32) COMMENT 'cosine of what the two domains say, 0 to 1; NULL where of one too little text was read';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS shared_terms Array(String) COMMENT 'the terms that add most to it';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS similarity Nullable(Float32) COMMENT 'how alike the domains around the two are, -1 to 1, but for this link: co-citation over three hops, less what comes of popularity; NULL where one has no other link';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS topical_terms Array(String) COMMENT 'what its pages say more than others do, the heaviest first; link text has no part';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS relevance Nullable(Float64) COMMENT 'of its referring domains, the mean by weight; NULL where it is known of none';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS relevance_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is best';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS relevance_known Nullable(Float64) COMMENT 'share of its referring domains whose relevance is known; NULL where none links';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS topical_terms Array(String) COMMENT 'what its pages say more than others do, the heaviest first; link text has no part';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS relevance Nullable(Float64) COMMENT 'of its referring domains, the mean by weight; NULL where it is known of none';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS relevance_rank Nullable(Float64) COMMENT 'ties at their middle, 1 is best';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS relevance_known Nullable(Float64) COMMENT 'share of its referring domains whose relevance is known; NULL where none links';

-- By which terms a domain is found, in a snapshot.
CREATE TABLE domain_terms
(
    snapshot UInt64 COMMENT 'as in snapshots',
    term String COMMENT 'word, or pair of CJK characters, or four of another script without spaces',
    domain String COMMENT 'registered domain whose pages say it',
    weight Float32 COMMENT 'the more its pages say it and the fewer domains do, 0 to 1; squares of those of a domain sum to 1 at most'
)
ENGINE = MergeTree
PARTITION BY snapshot
ORDER BY (term, domain)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1, default_compression_codec = 'ZSTD(3)';

-- The same to the side: written here and swapped in whole.
CREATE TABLE domain_terms_next AS domain_terms;
-- Which country a top-level domain says. Those that are sold to everybody, as .io and .tv are, say none.
CREATE VIEW country_endings AS
SELECT
    splitByChar(':', pair)[1] AS ending,
    splitByChar(':', pair)[2] AS country
FROM (SELECT arrayJoin(splitByChar(' ', 'ae:AE af:AF ag:AG al:AL am:AM ao:AO aq:AQ ar:AR at:AT au:AU aw:AW ax:AX az:AZ ba:BA bb:BB bd:BD be:BE bf:BF bg:BG bh:BH bi:BI bj:BJ bl:BL bm:BM bn:BN bo:BO bq:BQ br:BR bs:BS bt:BT bv:BV bw:BW by:BY ca:CA cg:CG ch:CH ci:CI ck:CK cl:CL cm:CM cn:CN cr:CR cu:CU cv:CV cw:CW cx:CX cy:CY cz:CZ de:DE dk:DK dm:DM do:DO dz:DZ ec:EC ee:EE eg:EG eh:EH er:ER es:ES et:ET fi:FI fj:FJ fk:FK fo:FO fr:FR gb:GB gd:GD ge:GE gf:GF gh:GH gi:GI gl:GL gm:GM gn:GN gp:GP gr:GR gs:GS gt:GT gu:GU gw:GW gy:GY hk:HK hm:HM hn:HN hr:HR ht:HT hu:HU id:ID ie:IE il:IL im:IM in:IN iq:IQ ir:IR is:IS it:IT je:JE jm:JM jo:JO jp:JP ke:KE kg:KG kh:KH ki:KI km:KM kn:KN kp:KP kr:KR kw:KW ky:KY kz:KZ lb:LB lc:LC li:LI lk:LK lr:LR ls:LS lt:LT lu:LU lv:LV ma:MA mc:MC md:MD mf:MF mg:MG mh:MH mk:MK mm:MM mn:MN mo:MO mp:MP mq:MQ mr:MR mt:MT mu:MU mv:MV mw:MW mx:MX my:MY mz:MZ na:NA nc:NC ne:NE nf:NF ng:NG ni:NI nl:NL no:NO np:NP nr:NR nz:NZ om:OM pa:PA pe:PE pf:PF pg:PG ph:PH pk:PK pl:PL pm:PM pn:PN pr:PR ps:PS pt:PT py:PY qa:QA re:RE ro:RO rs:RS ru:RU rw:RW sa:SA sb:SB sd:SD se:SE sg:SG si:SI sj:SJ sk:SK sl:SL sm:SM sn:SN ss:SS sv:SV sx:SX sy:SY sz:SZ tc:TC td:TD tf:TF tg:TG th:TH tj:TJ tl:TL tm:TM tn:TN tr:TR tt:TT tw:TW tz:TZ ua:UA ug:UG uk:GB um:UM us:US uy:UY uz:UZ va:VA ve:VE vg:VG vi:VI vn:VN vu:VU wf:WF xn--2scrj9c:IN xn--3e0b707e:KR xn--3hcrj9c:IN xn--45br5cyl:IN xn--45brj9c:IN xn--4dbrk0ce:IL xn--54b7fta0cc:BD xn--80ao21a:KZ xn--90a3ac:RS xn--90ae:BG xn--90ais:BY xn--clchc0ea0b2g2a9gcd:SG xn--d1alf:MK xn--fiqs8s:CN xn--fiqz9s:CN xn--fpcrj9c3d:IN xn--fzc2c9e2c:LK xn--gecrj9c:IN xn--h2breg3eve:IN xn--h2brj9c8c:IN xn--h2brj9c:IN xn--j1amh:UA xn--j6w193g:HK xn--kprw13d:TW xn--kpry57d:TW xn--l1acc:MN xn--lgbbat1ad8j:DZ xn--mgb2ddes:YE xn--mgb9awbf:OM xn--mgba3a4f16a:IR xn--mgba3a4fra:IR xn--mgbaam7a8h:AE xn--mgbah1a3hjkrd:MR xn--mgbai9a5eva00b:PK xn--mgbai9azgqp6j:PK xn--mgbayh7gpa:JO xn--mgbbh1a71e:IN xn--mgbbh1a:IN xn--mgbc0a9azcg:MA xn--mgbcpq6gpa1a:BH xn--mgberp4a5d4a87g:SA xn--mgberp4a5d4ar:SA xn--mgbgu82a:IN xn--mgbpl2fh:SD xn--mgbqly7c0a67fbc:SA xn--mgbqly7cvafr:SA xn--mgbtf8fl:SY xn--mgbtx2b:IQ xn--mgbx4cd0ab:MY xn--mix082f:MO xn--mix891f:MO xn--nnx388a:TW xn--node:GE xn--o3cw4h:TH xn--ogbpf8fl:SY xn--p1ai:RU xn--pgbs0dh:TN xn--q7ce6a:LA xn--qxam:GR xn--rvc1e0am3e:IN xn--s9brj9c:IN xn--wgbh1c:EG xn--wgbl6a:QA xn--xkc2al3hye2a:LK xn--xkc2dl3a5ee0h:IN xn--y9a3aq:AM xn--yfro4i67o:SG xn--ygbi2ammx:PS ye:YE yt:YT za:ZA zm:ZM zw:ZW')) AS pair);

-- What pages say of the country that they are for.
ALTER TABLE page_records ADD COLUMN IF NOT EXISTS country String COMMENT 'ISO 3166 code of the country that the page says it is for';

ALTER TABLE page_records ADD COLUMN IF NOT EXISTS country_by String COMMENT 'hreflang or lang: what says so';

-- For which countries a domain's pages were said to be, by any visit. Estimates beyond a few thousand pages.
CREATE TABLE site_countries
(
    domain String COMMENT 'registered domain',
    country LowCardinality(String) COMMENT 'ISO 3166 code',
    country_by LowCardinality(String) COMMENT 'hreflang or lang: what said so',
    pages AggregateFunction(uniqCombined(12), UInt64) COMMENT 'pages that said so: read it with uniqCombinedMerge(12)'
)
ENGINE = AggregatingMergeTree
ORDER BY (domain, country, country_by)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1, default_compression_codec = 'ZSTD(3)';

CREATE MATERIALIZED VIEW site_countries_from_records TO site_countries AS
SELECT
    domain,
    country,
    country_by,
    uniqCombinedState(12)(cityHash64(host, path)) AS pages
FROM page_records
WHERE part = 1 AND country != ''
GROUP BY domain, country, country_by;

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS language LowCardinality(String) COMMENT 'of most of its pages; empty where none says';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS country LowCardinality(String) COMMENT 'ISO 3166 code, by its ending, by what its pages say, or by its address; empty where none says';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS country_evidence String COMMENT 'what says so';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS referrer_languages Map(String, UInt32) COMMENT 'how many of its referring domains have each language, where it is known';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS referrer_countries Map(String, UInt32) COMMENT 'how many of its referring domains are of each country, where it is known';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS language LowCardinality(String) COMMENT 'of most of its pages; empty where none says';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS country LowCardinality(String) COMMENT 'ISO 3166 code, by its ending, by what its pages say, or by its address; empty where none says';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS country_evidence String COMMENT 'what says so';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS referrer_languages Map(String, UInt32) COMMENT 'how many of its referring domains have each language, where it is known';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS referrer_countries Map(String, UInt32) COMMENT 'how many of its referring domains are of each country, where it is known';

ALTER TABLE referrers ADD COLUMN IF NOT EXISTS country LowCardinality(String) COMMENT 'ISO 3166 code of the source domain, as the last snapshot has it, or by its ending; empty where that says none';

-- Of rows from before, by their ending. Run twice it comes to the same.
INSERT INTO referrers
SELECT kept.* REPLACE (kept.written + 1 AS written, endings.country AS country)
FROM (SELECT * FROM referrers FINAL WHERE country = '') AS kept
INNER JOIN country_endings AS endings ON endings.ending = splitByChar('.', kept.source_domain)[-1];
