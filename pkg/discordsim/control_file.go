package discordsim

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxUploads is how many files of options and modals keep their content.
const maxUploads = 10

// givenFile is a file that somebody attaches; its data is base64 in JSON.
type givenFile struct {
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
	Data        []byte `json:"data"`
}

// readFile reads a file out of a value of an option or a modal's field.
func readFile(raw []byte) (givenFile, bool) {
	var f givenFile
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return f, d.Decode(&f) == nil && f.Filename != ""
}

// attach makes the attachment of a file that is given in the channel.
func (s *Sim) attach(ch *channel, f givenFile) (*attachment, error) {
	name := f.Filename
	if n := utf8.RuneCountInString(name); n == 0 || n > 260 || strings.ContainsAny(name, "/\\\x00") {
		return nil, wrong("filename must be from 1 to 260 characters, without slashes")
	}
	a := &attachment{ID: snowflake.AttachmentID(s.ids.next()), Filename: name, Size: len(f.Data), ContentType: f.ContentType, data: f.Data}
	a.URL = s.attachmentURL(ch, a)
	a.ProxyURL = a.URL
	return a, nil
}

// keep lets the content of a file be read that is in no message.
func (s *Sim) keep(a *attachment) {
	s.uploads = append(s.uploads, a)
	if len(s.uploads) > maxUploads {
		s.uploads = append([]*attachment(nil), s.uploads[len(s.uploads)-maxUploads:]...)
	}
}

// file is the attachment that an option or a field (what) gives.
func (r *resolver) file(what string, v any) (*attachment, error) {
	f, ok := readFile(mustEncode(v))
	if !ok {
		return nil, wrong(`the %s must be an attachment: {"filename", "content_type", "data"}, with its data in base64`, what)
	}
	a, err := r.sim.attach(r.channel, f)
	if err != nil {
		return nil, err
	}
	a.Ephemeral = true
	r.files = append(r.files, a)
	r.sim.keep(a)
	return a, nil
}
