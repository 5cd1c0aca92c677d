-- A statement as the engine's parser understood it, spelled out anew. Reads nothing.
SELECT formatQuery({statement:String}) AS statement
