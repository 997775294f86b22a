package api

// Parse is for the fuzz test.
var Parse = parse

// StrictDocument is the OpenAPI document that refuses what it does not name.
func (a *API) StrictDocument() (map[string]any, error) { return a.document(true) }
