"""Web graphs in Common Crawl's text format: who links to a domain, before anything is crawled."""
