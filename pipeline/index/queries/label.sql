-- What people say of a domain; nothing where nobody does. Cost: the rows of that domain.
SELECT domain, label, note, who, at
FROM labels_now
WHERE domain = {domain:String}
