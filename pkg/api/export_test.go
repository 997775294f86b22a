package api

// Parse and ParseForm are for the fuzz tests.
var Parse = parse

func ParseForm(raw []byte, boundary string) (guild, entry string, archive []byte, err error) {
	f, err := parseForm(raw, boundary)
	return f.Guild, f.Entry, f.Archive, err
}

// StrictDocument is the OpenAPI document that refuses what it does not name.
func (a *API) StrictDocument() (map[string]any, error) { return a.document(true) }
