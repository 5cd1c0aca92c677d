-- Stops what one reading session asks. Reads the running queries.
KILL QUERY
WHERE Settings['log_comment'] = {mark:String}
ASYNC
