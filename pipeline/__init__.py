"""The contract and everything behind it: log, rows, graph, scores, reports."""
