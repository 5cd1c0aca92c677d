-- Which domains do people call bad? Cost: the labels that people gave, all of them.
SELECT domain, note, who, at
FROM labels_now
WHERE label = 'bad'
ORDER BY at DESC
LIMIT 20
