package discord

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/diamondburned/arikawa/v3/utils/httputil/httpdriver"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// File is one attachment.
type File struct {
	Name        string
	Description string
	Data        []byte
}

// Form is an upload whose other members are parts of their own, which is how
// Discord takes stickers.
type Form struct {
	Fields map[string]string
	File   File // The part "file".
}

// maxFiles is Discord's limit of attachments.
const maxFiles = 10

// body is an encoded request body: pieces that are sent one after another, so
// that files are not copied.
type body struct {
	contentType string
	json        []byte
	pieces      [][]byte
	size        int64
}

// encodeBody gives nil for a request without a body.
func encodeBody(req Request) (*body, error) {
	if req.Form != nil {
		return formBody(req.Form)
	}
	if req.Body == nil && len(req.Files) == 0 {
		return nil, nil
	}
	doc := []byte("{}")
	if req.Body != nil {
		var err error
		if doc, err = marshal(req.Body); err != nil {
			return nil, err
		}
	}
	if len(req.Files) == 0 {
		return newBody("application/json", doc, [][]byte{doc}), nil
	}
	if len(req.Files) > maxFiles {
		return nil, fault.New(fault.InvalidInput, "Invalid input for attachments: there are %d, and Discord takes %d", len(req.Files), maxFiles)
	}
	doc, err := addAttachments(doc, req.Files, strings.HasSuffix(req.Route, "/callback"))
	if err != nil {
		return nil, err
	}
	return multipartBody(doc, req.Files)
}

func newBody(contentType string, doc []byte, pieces [][]byte) *body {
	b := &body{contentType: contentType, json: doc, pieces: pieces}
	for _, p := range pieces {
		b.size += int64(len(p))
	}
	return b
}

// addAttachments names the files in the body: Discord takes descriptions from
// there, and in an edit only the files that are named. nested is for interaction
// callbacks, whose message is in "data".
func addAttachments(doc []byte, files []File, nested bool) ([]byte, error) {
	var outer map[string]json.RawMessage
	if err := json.Unmarshal(doc, &outer); err != nil || outer == nil {
		return nil, fault.New(fault.InvalidInput, "Invalid input for body: files need an object beside them")
	}
	message := outer
	if nested {
		message = map[string]json.RawMessage{}
		if raw, ok := outer["data"]; ok {
			if err := json.Unmarshal(raw, &message); err != nil || message == nil {
				return nil, fault.New(fault.InvalidInput, "Invalid input for data: it must be an object")
			}
		}
	}
	var list []json.RawMessage
	if raw, ok := message["attachments"]; ok {
		if err := json.Unmarshal(raw, &list); err != nil {
			return nil, fault.New(fault.InvalidInput, "Invalid input for attachments: it must be a list")
		}
	}
	for i, f := range files {
		entry := struct {
			ID          string `json:"id"`
			Filename    string `json:"filename"`
			Description string `json:"description,omitempty"`
		}{strconv.Itoa(i), fileName(f.Name), f.Description}
		raw, err := marshal(entry)
		if err != nil {
			return nil, err
		}
		list = append(list, raw)
	}
	var err error
	if message["attachments"], err = marshal(list); err != nil {
		return nil, err
	}
	if nested {
		if outer["data"], err = marshal(message); err != nil {
			return nil, err
		}
	}
	return marshal(outer)
}

// fileName is a name that cannot break out of its header or point anywhere.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '"' {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	if name == "" || name == "." || name == "/" {
		return "file"
	}
	return name
}

// multipartBody is the body with files, as multipart/form-data.
func multipartBody(doc []byte, files []File) (*body, error) {
	boundary, err := newBoundary()
	if err != nil {
		return nil, err
	}
	pieces := [][]byte{
		[]byte("--" + boundary + "\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n"), doc,
	}
	for i, f := range files {
		pieces = append(pieces, []byte("\r\n--"+boundary+"\r\n"+fileHead("files["+strconv.Itoa(i)+"]", f.Name)), f.Data)
	}
	pieces = append(pieces, []byte("\r\n--"+boundary+"--\r\n"))
	return newBody("multipart/form-data; boundary="+boundary, doc, pieces), nil
}

func newBoundary() (string, error) {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return "", fmt.Errorf("make a multipart boundary: %w", err)
	}
	return "flora-" + hex.EncodeToString(random), nil
}

// fileHead is the head of a part that is a file.
func fileHead(part, name string) string {
	name = fileName(name)
	kind := mime.TypeByExtension(path.Ext(name))
	if kind == "" {
		kind = "application/octet-stream"
	}
	return "Content-Disposition: form-data; name=\"" + part + "\"; filename=\"" + name + "\"\r\nContent-Type: " + kind + "\r\n\r\n"
}

// formBody is a form of texts and one file. The names of its parts are ours.
func formBody(f *Form) (*body, error) {
	boundary, err := newBoundary()
	if err != nil {
		return nil, err
	}
	var pieces [][]byte
	for _, name := range slices.Sorted(maps.Keys(f.Fields)) {
		pieces = append(pieces, []byte("--"+boundary+"\r\nContent-Disposition: form-data; name=\""+name+"\"\r\n\r\n"+f.Fields[name]+"\r\n"))
	}
	pieces = append(pieces, []byte("--"+boundary+"\r\n"+fileHead("file", f.File.Name)), f.File.Data, []byte("\r\n--"+boundary+"--\r\n"))
	return newBody("multipart/form-data; boundary="+boundary, nil, pieces), nil
}

func (b *body) reader() io.ReadCloser {
	if len(b.pieces) == 1 {
		return io.NopCloser(bytes.NewReader(b.pieces[0]))
	}
	readers := make([]io.Reader, len(b.pieces))
	for i, p := range b.pieces {
		readers[i] = bytes.NewReader(p)
	}
	return io.NopCloser(io.MultiReader(readers...))
}

// attach gives the body to the request, with its length, so that it is not sent
// chunked and can be sent anew on a connection that was closed meanwhile.
func (b *body) attach(req httpdriver.Request) {
	req.WithBody(b.reader())
	if std, ok := req.(*httpdriver.DefaultRequest); ok {
		std.ContentLength = b.size
		std.GetBody = func() (io.ReadCloser, error) { return b.reader(), nil }
	}
}

// answer is what came of one attempt: a status with its headers and body, or an
// error.
type answer struct {
	status int
	header http.Header
	body   []byte
	err    error
}

// maxAnswer is the largest body of an answer: a thousand members take a megabyte.
const maxAnswer = 16 << 20

var errAnswerTooLarge = errors.New("the answer is too large")

func readAnswer(resp httpdriver.Response) answer {
	a := answer{status: resp.GetStatus(), header: resp.GetHeader()}
	in := resp.GetBody()
	defer func() { _ = in.Close() }()
	if a.status == http.StatusNoContent {
		return a
	}
	b, err := io.ReadAll(io.LimitReader(in, maxAnswer+1))
	if err == nil && len(b) > maxAnswer {
		err = errAnswerTooLarge
	}
	if err != nil {
		// The request was executed: an answer that broke off is no reason to
		// repeat it, unless it may be repeated anyway.
		a.err, a.status = fmt.Errorf("read the answer: %w", err), 0
		return a
	}
	a.body = b
	return a
}
