package discordsim

import (
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"regexp"
)

// upload is one file of a multipart request.
type upload struct {
	part        string // Its name in the form.
	index       string // n of files[n].
	name        string
	contentType string
	data        []byte
}

// maxParts bounds a multipart request: ten files, their JSON and form fields.
const maxParts = 40

var fileField = regexp.MustCompile(`^(?:files\[(\d{1,3})\]|file(\d{0,3}))$`)

// readMultipart takes files[n] and payload_json, or fields when there is no
// payload_json, as older libraries send them.
func (c *call) readMultipart(body io.Reader, contentType string) error {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil || params["boundary"] == "" {
		return errContentType
	}
	parts := multipart.NewReader(body, params["boundary"])
	fields := map[string]any{}
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || n >= maxParts {
			return partFailure(err)
		}
		data, err := io.ReadAll(part)
		if err != nil {
			return readFailure(err)
		}
		name := part.FormName()
		switch m := fileField.FindStringSubmatch(name); {
		case name == "payload_json":
			c.body = data
		case m != nil:
			kind := part.Header.Get("Content-Type")
			c.files = append(c.files, upload{part: name, index: m[1] + m[2], name: part.FileName(), contentType: kind, data: data})
		default:
			fields[name] = string(data)
		}
	}
	if c.body == nil && len(fields) > 0 {
		c.isForm = true
		c.body, err = encodeJSON(fields)
	}
	return err
}

func partFailure(err error) error {
	if err == nil {
		return errTooLarge
	}
	if failed := readFailure(err); errors.Is(failed, errTooLarge) {
		return failed
	}
	return errContentType
}

func fileNames(files []upload) []string {
	if len(files) == 0 {
		return nil
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.name
	}
	return names
}
