-- What kinds of links a pair of domains has and how they look, and what they come to for a domain.

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS kind LowCardinality(String) COMMENT 'of most of its links: editorial, navigation, sitewide, sponsored, ugc, widget, directory or syndicated; empty where it is not known';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS kind_evidence String COMMENT 'what says so, of one of these links';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS sitewide_share Nullable(Float64) COMMENT 'linking pages of the pages of the source that were fetched whole, 1 at most; NULL where none was';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS followed_share Nullable(Float64) COMMENT 'followed links of its links';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS main_share Nullable(Float64) COMMENT 'links in the text of their page of those whose place is known; NULL where of none it is';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS money_share Nullable(Float64) COMMENT 'links whose anchor text has a word of what is sold by links';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS keyword_share Nullable(Float64) COMMENT 'links whose anchor text is two to five words in small letters that do not name the target';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS near_money_share Nullable(Float64) COMMENT 'links that have such a word in the text around them; NULL where no text is known';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS page_links Nullable(Float64) COMMENT 'external links of a linking page, in the mean; NULL where it is not known';

ALTER TABLE domain_edges ADD COLUMN IF NOT EXISTS same_owner UInt8 COMMENT '1 where both are in one owner group';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS owner_group String COMMENT 'first domain, in the order of reversed names, of those that two marks and links say to have one owner; empty where it stands alone';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS owner_marks Array(String) COMMENT 'what it has in common with others of its group';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS distinct_anchors UInt32 COMMENT 'different anchor texts of the live links, in lower case; an empty one is none';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS anchor_entropy Nullable(Float64) COMMENT 'bits, of its anchor texts, each referring domain once; NULL without one';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS top_anchor_share Nullable(Float64) COMMENT 'the most frequent anchor text of those that are not empty, each referring domain once; NULL without one';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS money_anchor_share Nullable(Float64) COMMENT 'anchor texts with a word of what is sold by links, each referring domain once; NULL without one';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS keyword_anchor_share Nullable(Float64) COMMENT 'anchor texts of two to five words in small letters that do not name it, each referring domain once; NULL without one';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS empty_anchor_share Nullable(Float64) COMMENT 'empty anchor texts, each referring domain once; NULL without one';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS sitewide_share Nullable(Float64) COMMENT 'referring domains that link sitewide or in the footer; NULL without one of known kind';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS footer_share Nullable(Float64) COMMENT 'referring domains that link in the footer alone; NULL without one whose place is known';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS editorial_share Nullable(Float64) COMMENT 'referring domains that link editorially; NULL without one of known kind';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS nofollow_share Nullable(Float64) COMMENT 'referring domains without a followed link; NULL without one';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS referrer_networks UInt32 COMMENT 'different /24 networks, /48 of IPv6, of its referring domains, as far as they are known';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS top_network_share Nullable(Float64) COMMENT 'referring domains of the network with most, of those whose network is known; NULL without one';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS template_share Nullable(Float64) COMMENT 'referring domains of the template group with most, of those whose sitewide links are known; NULL without one';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS out_in_ratio Nullable(Float64) COMMENT 'domains it links to over referring domains; NULL without one';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS name_marks UInt8 COMMENT 'how many of the marks of a name made for its words it has';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS name_evidence Array(String) COMMENT 'these marks';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS new_share Nullable(Float64) COMMENT 'live referring domains first seen in the 30 days before the snapshot; NULL without one, and where the index is younger';

ALTER TABLE domain_quality ADD COLUMN IF NOT EXISTS velocity Nullable(Float64) COMMENT 'those over as many as came in 30 days of the 90 before; NULL without one then, and where the index is younger';

-- A snapshot is written beside them, in the same columns.

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS kind LowCardinality(String) COMMENT 'of most of its links: editorial, navigation, sitewide, sponsored, ugc, widget, directory or syndicated; empty where it is not known';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS kind_evidence String COMMENT 'what says so, of one of these links';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS sitewide_share Nullable(Float64) COMMENT 'linking pages of the pages of the source that were fetched whole, 1 at most; NULL where none was';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS followed_share Nullable(Float64) COMMENT 'followed links of its links';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS main_share Nullable(Float64) COMMENT 'links in the text of their page of those whose place is known; NULL where of none it is';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS money_share Nullable(Float64) COMMENT 'links whose anchor text has a word of what is sold by links';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS keyword_share Nullable(Float64) COMMENT 'links whose anchor text is two to five words in small letters that do not name the target';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS near_money_share Nullable(Float64) COMMENT 'links that have such a word in the text around them; NULL where no text is known';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS page_links Nullable(Float64) COMMENT 'external links of a linking page, in the mean; NULL where it is not known';

ALTER TABLE domain_edges_next ADD COLUMN IF NOT EXISTS same_owner UInt8 COMMENT '1 where both are in one owner group';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS owner_group String COMMENT 'first domain, in the order of reversed names, of those that two marks and links say to have one owner; empty where it stands alone';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS owner_marks Array(String) COMMENT 'what it has in common with others of its group';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS distinct_anchors UInt32 COMMENT 'different anchor texts of the live links, in lower case; an empty one is none';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS anchor_entropy Nullable(Float64) COMMENT 'bits, of its anchor texts, each referring domain once; NULL without one';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS top_anchor_share Nullable(Float64) COMMENT 'the most frequent anchor text of those that are not empty, each referring domain once; NULL without one';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS money_anchor_share Nullable(Float64) COMMENT 'anchor texts with a word of what is sold by links, each referring domain once; NULL without one';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS keyword_anchor_share Nullable(Float64) COMMENT 'anchor texts of two to five words in small letters that do not name it, each referring domain once; NULL without one';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS empty_anchor_share Nullable(Float64) COMMENT 'empty anchor texts, each referring domain once; NULL without one';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS sitewide_share Nullable(Float64) COMMENT 'referring domains that link sitewide or in the footer; NULL without one of known kind';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS footer_share Nullable(Float64) COMMENT 'referring domains that link in the footer alone; NULL without one whose place is known';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS editorial_share Nullable(Float64) COMMENT 'referring domains that link editorially; NULL without one of known kind';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS nofollow_share Nullable(Float64) COMMENT 'referring domains without a followed link; NULL without one';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS referrer_networks UInt32 COMMENT 'different /24 networks, /48 of IPv6, of its referring domains, as far as they are known';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS top_network_share Nullable(Float64) COMMENT 'referring domains of the network with most, of those whose network is known; NULL without one';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS template_share Nullable(Float64) COMMENT 'referring domains of the template group with most, of those whose sitewide links are known; NULL without one';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS out_in_ratio Nullable(Float64) COMMENT 'domains it links to over referring domains; NULL without one';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS name_marks UInt8 COMMENT 'how many of the marks of a name made for its words it has';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS name_evidence Array(String) COMMENT 'these marks';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS new_share Nullable(Float64) COMMENT 'live referring domains first seen in the 30 days before the snapshot; NULL without one, and where the index is younger';

ALTER TABLE domain_quality_next ADD COLUMN IF NOT EXISTS velocity Nullable(Float64) COMMENT 'those over as many as came in 30 days of the 90 before; NULL without one then, and where the index is younger';
