package body

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// Bounds of a message's files.
const (
	MaxFiles       = 10
	MaxFileBytes   = 8 << 20 // All of a message together.
	maxFileName    = 260     // Characters.
	maxDescription = 1024    // Characters.
)

// attach decodes the files. What an edit keeps of the old ones stays in the
// body as given; the request names the new ones there itself.
func (m *Message) attach(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, edit bool) error {
	raw, ok := m.fields["attachments"]
	if !ok {
		return nil
	}
	var list []map[string]json.RawMessage
	if err := decode("attachments", raw, &list); err != nil {
		return err
	}
	if len(list) > MaxFiles {
		return op.Invalid("attachments", "there are %d; the limit is %d", len(list), MaxFiles)
	}
	kept := []map[string]json.RawMessage{}
	total := 0
	for i, in := range list {
		name := fmt.Sprintf("attachments[%d]", i)
		if _, old := in["id"]; old && edit {
			if err := checkKept(name, in); err != nil {
				return err
			}
			kept = append(kept, in)
			continue
		}
		f, err := readFile(ctx, d, guild, name, in, MaxFileBytes-total)
		if err != nil {
			return err
		}
		if total += len(f.Data); total > MaxFileBytes {
			return fault.New(fault.TooLarge, "Invalid input for attachments: together they are larger than %d bytes", MaxFileBytes)
		}
		m.files = append(m.files, f)
	}
	delete(m.fields, "attachments")
	if edit { // Those that are not listed go.
		m.fields["attachments"] = encode(kept)
	}
	return nil
}

// named is the list of files as a body names them.
func named(files []discord.File) []map[string]any {
	out := make([]map[string]any, len(files))
	for i, f := range files {
		out[i] = map[string]any{"id": strconv.Itoa(i), "filename": f.Name}
		if f.Description != "" {
			out[i]["description"] = f.Description
		}
	}
	return out
}

func checkKept(name string, in map[string]json.RawMessage) error {
	var id snowflake.AttachmentID
	if err := json.Unmarshal(in["id"], &id); err != nil {
		return op.Invalid(name+".id", "expected the id of an attachment of the message, as a string")
	}
	return nil
}

// readFile reads {Base64: {data, filename, description}} or {Url: {url,
// filename, description}}, with either spelling, or the inner object alone.
// room is how many bytes it may have.
func readFile(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, name string, in map[string]json.RawMessage, room int) (discord.File, error) {
	for _, key := range []string{"Url", "url", "URL", "Base64", "base64"} {
		raw, ok := in[key]
		if !ok || strings.EqualFold(key, "url") && !gjson.ParseBytes(raw).IsObject() {
			continue // {url: "https://..."} is an inner object.
		}
		var inner map[string]json.RawMessage
		if err := decode(name+"."+key, raw, &inner); err != nil {
			return discord.File{}, err
		}
		in, name = inner, name+"."+key
		break
	}
	if raw, ok := in["url"]; ok {
		return fetchFile(ctx, d, guild, name, raw, in, room)
	}
	return readData(name, in)
}

// fetchFile gets a file from the web. It is named by the script, else by the
// last part of its address.
func fetchFile(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, name string, raw json.RawMessage, in map[string]json.RawMessage, room int) (discord.File, error) {
	var f discord.File
	var address string
	if err := decode(name+".url", raw, &address); err != nil {
		return f, err
	}
	if err := readTexts(name, in, map[string]*string{"filename": &f.Name, "description": &f.Description}); err != nil {
		return f, err
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return f, op.Invalid(name+".url", "expected an http or https address")
	}
	if f.Name == "" {
		if f.Name = path.Base(u.Path); f.Name == "." || f.Name == "/" {
			f.Name = "attachment"
		}
	}
	if err := checkFile(name, f); err != nil {
		return f, err
	}
	if d.Fetcher == nil {
		return f, fault.New(fault.NotSupported,
			"Invalid input for %s: attachments by URL are not available, because this runtime fetches nothing from the web; give {data, filename} with bytes or base64", name)
	}
	f.Data, _, err = d.Fetcher.Fetch(ctx, guild, address, int64(max(room, 0)))
	return f, err
}

// Upload is a form with one file, and the texts of fields beside it.
func Upload(ctx context.Context, d *outbound.Discord, guild snowflake.GuildID, name string, raw json.RawMessage, fields any) (*discord.Form, error) {
	var in map[string]json.RawMessage
	if err := op.DecodeValue(name, raw, &in); err != nil {
		return nil, err
	}
	f, err := readFile(ctx, d, guild, name, in, MaxFileBytes)
	if err != nil {
		return nil, err
	}
	form := &discord.Form{File: f, Fields: map[string]string{}}
	if members, ok := fields.(map[string]any); ok {
		for key, v := range members {
			form.Fields[key] = fmt.Sprint(v)
		}
	}
	return form, nil
}

func readTexts(name string, in map[string]json.RawMessage, into map[string]*string) error {
	for _, key := range slices.Sorted(maps.Keys(into)) {
		if raw, ok := in[key]; ok && string(raw) != "null" {
			if err := decode(name+"."+key, raw, into[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

func readData(name string, in map[string]json.RawMessage) (discord.File, error) {
	var f discord.File
	var data string
	if err := readTexts(name, in, map[string]*string{"data": &data, "filename": &f.Name, "description": &f.Description}); err != nil {
		return f, err
	}
	if data == "" {
		return f, op.Invalid(name, "it has no data; give {data, filename} with data in base64")
	}
	var err error
	if f.Data, err = unbase64(data); err != nil {
		return f, op.Invalid(name+".data", "it is not base64; give that, or bytes, such as new TextEncoder().encode(text)")
	}
	if f.Name == "" {
		f.Name = "attachment"
	}
	return f, checkFile(name, f)
}

// checkFile keeps names out of multipart headers and paths that would break
// them.
func checkFile(name string, f discord.File) error {
	bad := func(r rune) bool {
		return r == '/' || r == '\\' || r == '"' || r == utf8.RuneError || unicode.IsControl(r)
	}
	switch {
	case strings.ContainsFunc(f.Name, bad):
		return op.Invalid(name+".filename", "it may have no slash, quote or control character")
	case utf8.RuneCountInString(f.Name) > maxFileName:
		return op.Invalid(name+".filename", "the limit is %d characters", maxFileName)
	case utf8.RuneCountInString(f.Description) > maxDescription:
		return op.Invalid(name+".description", "the limit is %d characters", maxDescription)
	}
	return nil
}

// unbase64 takes both alphabets, padded or not.
func unbase64(s string) ([]byte, error) {
	s = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(s, "=\r\n "))
	return base64.RawStdEncoding.DecodeString(s)
}

// dataURI makes the form in which Discord takes pictures and sounds. What is
// one already stays; base64 alone gets the type that its first bytes tell.
func dataURI(name string, raw json.RawMessage) (json.RawMessage, error) {
	var text string
	if err := decode(name, raw, &text); err != nil {
		return nil, err
	}
	if strings.HasPrefix(text, "data:") {
		return raw, nil
	}
	data, err := unbase64(text)
	if err != nil || len(data) == 0 {
		return nil, op.Invalid(name, "expected bytes, base64 or a data URI")
	}
	kind, _, _ := strings.Cut(http.DetectContentType(data), ";")
	switch kind {
	case "application/ogg":
		kind = "audio/ogg"
	case "application/octet-stream": // An MP3 without tags begins with a frame.
		if data[0] == 0xFF && len(data) > 1 && data[1]&0xE0 == 0xE0 {
			kind = "audio/mpeg"
		}
	}
	if !strings.HasPrefix(kind, "image/") && !strings.HasPrefix(kind, "audio/") {
		return nil, op.Invalid(name, "it is neither a picture nor a sound")
	}
	return encode("data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)), nil
}
