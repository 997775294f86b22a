package contract_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim/contract"
)

// document is a small one in the shape of Discord's.
const document = `{"openapi": "3.1.0", "paths": {
	"/channels/{channel_id}": {
		"parameters": [{"name": "channel_id", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/Id"}}],
		"get": {"parameters": [{"name": "limit", "in": "query", "required": true, "schema": {"type": "integer", "maximum": 9}}],
			"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Channel"}}}}, "4XX": {"$ref": "#/components/responses/Refusal"}}},
		"patch": {"requestBody": {"required": true, "content": {"application/json": {"schema": {"anyOf": [{"$ref": "#/components/schemas/Edit"}, {"type": "object", "properties": {"topic": {"type": "string"}}}]}}}},
			"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Channel"}}}}}}
	},
	"/channels/@me": {"delete": {"responses": {"204": {}}}},
	"/stickers": {"post": {"requestBody": {"content": {"multipart/form-data": {"schema": {"type": "object", "required": ["file", "name"], "properties": {"file": {"type": "string"}, "name": {"type": "string"}}}}}},
		"responses": {"201": {}}}}},
	"components": {"responses": {"Refusal": {"content": {"application/json": {"schema": {"type": "object", "required": ["message"]}}}}},
	"schemas": {"Id": {"type": "string", "pattern": "^[1-9][0-9]*$"}, "Edit": {"type": "object", "properties": {"name": {"type": "string"}, "tags": {"type": "array", "items": {"type": "object", "properties": {"id": {"$ref": "#/components/schemas/Id"}}}}}},
		"Channel": {"type": "object", "required": ["id", "name"], "properties": {"id": {"$ref": "#/components/schemas/Id"}, "name": {"type": "string"}}}}}}`

func load(t *testing.T) *contract.Document {
	t.Helper()
	file := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(file, []byte(document), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := contract.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const fine = `{"id": "1", "name": "n"}`

func TestExchanges(t *testing.T) {
	t.Parallel()
	d := load(t)
	tests := []struct {
		name string
		x    discordsim.Exchange
		want []string // Parts of the violations.
	}{
		{"all is well", discordsim.Exchange{Method: "GET", Path: "/channels/1", Query: "limit=9", Status: 200, Answer: json.RawMessage(fine)}, nil},
		{"a fixed word before a parameter", discordsim.Exchange{Method: "DELETE", Path: "/channels/@me", Status: 204}, nil},
		{"no such path", discordsim.Exchange{Method: "GET", Path: "/channel/1", Status: 200}, []string{"no operation"}},
		{"no such method", discordsim.Exchange{Method: "PUT", Path: "/channels/1", Status: 200}, []string{"no operation"}},
		{"a path that is no id", discordsim.Exchange{Method: "GET", Path: "/channels/x", Query: "limit=1", Status: 200, Answer: json.RawMessage(fine)}, []string{`channel_id="x" does not fit`}},
		{"a query too large", discordsim.Exchange{Method: "GET", Path: "/channels/1", Query: "limit=10", Status: 200, Answer: json.RawMessage(fine)}, []string{`limit="10" does not fit`}},
		{"a query too little", discordsim.Exchange{Method: "GET", Path: "/channels/1", Status: 200, Answer: json.RawMessage(fine)}, []string{"lacks limit"}},
		{"a query too much", discordsim.Exchange{Method: "GET", Path: "/channels/1", Query: "limit=1&before=1", Status: 200, Answer: json.RawMessage(fine)}, []string{"has before"}},
		{"a body where there is none", discordsim.Exchange{Method: "DELETE", Path: "/channels/@me", Body: json.RawMessage(`{}`), Status: 204}, []string{"the document has none"}},
		{"a body of another type", discordsim.Exchange{Method: "PATCH", Path: "/channels/1", Body: json.RawMessage(`{"name": 1, "topic": 1}`), Status: 200, Answer: json.RawMessage(fine)}, []string{"got number"}},
		{"a misspelt member", discordsim.Exchange{Method: "PATCH", Path: "/channels/1", Body: json.RawMessage(`{"naem": "n"}`), Status: 200, Answer: json.RawMessage(fine)}, []string{"/naem is not in the document"}},
		{"a misspelt member inside", discordsim.Exchange{Method: "PATCH", Path: "/channels/1", Body: json.RawMessage(`{"tags": [{"id": "1"}, {"ID": "1"}]}`), Status: 200, Answer: json.RawMessage(fine)}, []string{"/tags/1/ID is not in the document"}},
		{"no body", discordsim.Exchange{Method: "PATCH", Path: "/channels/1", Status: 200, Answer: json.RawMessage(fine)}, []string{"body is missing"}},
		{"no body that was read", discordsim.Exchange{Method: "PATCH", Path: "/channels/1", Status: 200, Unread: true, Answer: json.RawMessage(fine)}, nil},
		{"what Discord refused as malformed", discordsim.Exchange{Method: "GET", Path: "/channels/x", Status: 400, Answer: json.RawMessage(`{"message": "no"}`)}, nil},
		{"a form", discordsim.Exchange{Method: "POST", Path: "/stickers", Form: true, Body: json.RawMessage(`{"name": "n"}`), Files: []string{"file"}, Status: 201}, nil},
		{"a form without its file", discordsim.Exchange{Method: "POST", Path: "/stickers", Form: true, Body: json.RawMessage(`{"name": "n"}`), Status: 201}, []string{"missing property 'file'"}},
		{"JSON where a form belongs", discordsim.Exchange{Method: "POST", Path: "/stickers", Body: json.RawMessage(`{"name": "n"}`), Status: 201}, []string{"which the document does not have"}},
		{"an answer that lacks something", discordsim.Exchange{Method: "GET", Path: "/channels/1", Query: "limit=1", Status: 200, Answer: json.RawMessage(`{"id": "1"}`)}, []string{"answer GET /channels/{channel_id}: / missing property 'name'"}},
		{"a refusal without a message", discordsim.Exchange{Method: "GET", Path: "/channels/1", Query: "limit=1", Status: 404, Answer: json.RawMessage(`{}`)}, []string{"missing property 'message'"}},
		{"a status that there is not", discordsim.Exchange{Method: "GET", Path: "/channels/1", Query: "limit=1", Status: 201, Answer: json.RawMessage(fine)}, []string{"status 201"}},
		{"an answer that a fault made", discordsim.Exchange{Method: "GET", Path: "/channels/1", Query: "limit=1", Status: 201, Scripted: true}, nil},
	}
	for _, tt := range tests {
		got := d.Exchange(tt.x)
		if len(got) != len(tt.want) && (len(tt.want) == 0 || len(got) == 0) {
			t.Errorf("%s: got %v, want %q", tt.name, got, tt.want)
			continue
		}
		for _, w := range tt.want {
			if !slices.ContainsFunc(got, func(v contract.Violation) bool { return strings.Contains(v.String(), w) }) {
				t.Errorf("%s: got %v, want %q", tt.name, got, w)
			}
		}
	}
}

// What a simulator has recorded is read again, a line that was cut off aside.
func TestRecordings(t *testing.T) {
	t.Parallel()
	d, dir := load(t), t.TempDir()
	lines := `{"method":"GET","path":"/channels/1","query":"limit=1","status":200,"answer":{"id":"1"}}
{"event":"UNKNOWN","data":{}}
{"method":"GET","path":"/channels/1","query":"limit=1","status":200,"answer":` + fine + `}
{"method":"GET","pa`
	if err := os.WriteFile(filepath.Join(dir, "discordsim-1-2.jsonl"), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	n, violations, err := d.Recorded(dir)
	if err != nil || n != 2 || len(violations) != 1 || !strings.Contains(violations[0], "missing property 'name'") {
		t.Errorf("got %d requests, %q, %v", n, violations, err)
	}
}

func TestADocumentThatIsNone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(file, []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, file + ".none"} {
		if _, err := contract.Load(path); err == nil {
			t.Errorf("%s was loaded", path)
		}
	}
}
