-- Where pages led over time, and from when to when links to them got to another page: so that it is known when
-- a link by way of another page came and went, which may be long after the link itself did.

-- Of rows from before, what is known of the present alone.
ALTER TABLE page_fates ADD COLUMN IF NOT EXISTS turns Array(Tuple(since UInt64, not_before UInt64, until UInt64, outcome String, leads_to String, leads_domain String)) DEFAULT [(since, not_before, 0, toString(outcome), leads_to, leads_domain)] COMMENT 'what was so, in order, the latest eight: the earliest visit that says so, the latest before that says otherwise (0: none), the latest that says so where something else followed (else 0), and as outcome, leads_to and leads_domain';

ALTER TABLE leads ADD COLUMN IF NOT EXISTS opened Array(UInt64) COMMENT 'when links to the page began to end there, as far as it is known: the visit that told it; the latest eight times';

ALTER TABLE leads ADD COLUMN IF NOT EXISTS opened_after Array(UInt64) COMMENT 'of each of these times, the latest visit that says otherwise, 0 where there was none';

ALTER TABLE leads ADD COLUMN IF NOT EXISTS closed Array(UInt64) COMMENT 'when it ended each time: the visit that told it; 0 while it has not';

ALTER TABLE leads ADD COLUMN IF NOT EXISTS closed_after Array(UInt64) COMMENT 'until when it was as before; 0 where that is not known';

ALTER TABLE leads ADD COLUMN IF NOT EXISTS end_turns UInt64 COMMENT 'hash of what is known of the end over time, by which the row was made; 0 once no way ever got there';

ALTER TABLE leads_in ADD COLUMN IF NOT EXISTS opened Array(UInt64) COMMENT 'when links to the page began to end there, as far as it is known: the visit that told it; the latest eight times';

ALTER TABLE leads_in ADD COLUMN IF NOT EXISTS opened_after Array(UInt64) COMMENT 'of each of these times, the latest visit that says otherwise, 0 where there was none';

ALTER TABLE leads_in ADD COLUMN IF NOT EXISTS closed Array(UInt64) COMMENT 'when it ended each time: the visit that told it; 0 while it has not';

ALTER TABLE leads_in ADD COLUMN IF NOT EXISTS closed_after Array(UInt64) COMMENT 'until when it was as before; 0 where that is not known';

ALTER TABLE leads_in ADD COLUMN IF NOT EXISTS end_turns UInt64 COMMENT 'hash of what is known of the end over time, by which the row was made; 0 once no way ever got there';

ALTER TABLE leads_in_from_leads MODIFY QUERY
SELECT *
FROM leads;
