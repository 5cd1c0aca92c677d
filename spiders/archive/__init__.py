"""Web archives (WARC, and Common Crawl's WAT) to page records: what was captured once is evidence
like a visit's, as of then.

    sources.py   what was named to files: archives, directories, lists of paths
    records.py   a file to its records, past what is damaged
    message.py   a record's block to an HTTP answer
    warc.py      an answer to a page record, by the extractor of the crawl
    wat.py       an answer's metadata to a page record
    targets.py   only what links to some domains
    filing.py    one file into the log, on from where it was
    noted.py     how far that came, durably
    many.py      many files at once
    command.py   `backlinks import warc`
"""
