package api

// Parse is for the fuzz test.
var Parse = parse
