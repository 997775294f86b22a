package discordsim

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// maxFiles is how many files a message may have.
const maxFiles = 10

// maxContent is how long a message may be, in characters.
const maxContent = 2000

// draft is what a request says about a message: of one to create, or of the
// changes to one that exists. Fields that were not sent stay nil.
type draft struct {
	content    *string
	embeds     *[]any
	components *[]any
	flags      *int
	tts        bool
	mentions   mentionRules
	hasRules   bool
	poll       *poll
	nonce      any
	enforce    bool
	files      []*attachment
	kept       *[]uint64 // ids of old attachments that an edit keeps.
	reference  *draftReference
	v2         bool
}

type draftReference struct {
	kind        int64
	channel     snowflake.ChannelID
	message     snowflake.MessageID
	mayBeAbsent bool
}

// draftRules say what differs between the places that take a message.
type draftRules struct {
	flags int  // what may be set.
	v2    bool // the message that is edited has components v2.
	edit  bool
}

const settableFlags = flagSuppressEmbeds | flagSuppressNotifications | flagComponentsV2 | flagVoice

// readDraft reads and validates a message; complaints stay in the form.
func (s *Sim) readDraft(f form, files []upload, rules draftRules) *draft {
	d := &draft{v2: rules.v2}
	if n, ok := f.number("flags", 0, 1<<31); ok {
		d.flags = ptr(int(n) & rules.flags)
		d.v2 = d.v2 || *d.flags&flagComponentsV2 != 0
	}
	if f.has("content") {
		d.content = ptr(strings.TrimSpace(f.text("content", maxContent)))
	}
	d.tts, _ = f.flag("tts")
	d.readEmbeds(f)
	d.readComponents(f)
	d.hasRules = f.sent("allowed_mentions")
	d.mentions = readMentionRules(f)
	d.readNonce(f)
	d.readReference(f)
	d.poll = readPoll(f, s.now())
	if ids, ok := f.ids("sticker_ids", 3); ok && len(ids) > 0 {
		f.complain("sticker_ids", "STICKER_UNKNOWN", "Unknown sticker")
	}
	s.readAttachments(d, f, files)
	if d.v2 {
		d.refuseLegacy(f)
	}
	return d
}

func (d *draft) readEmbeds(f form) {
	if f.has("embeds") {
		d.embeds = ptr(readEmbeds(f))
	} else if one, ok := f.sub("embed"); ok { // v9 and older spelling.
		d.embeds = ptr([]any{readEmbed(one, new(int))})
	}
}

func (d *draft) readComponents(f form) {
	if !f.has("components") {
		return
	}
	if list := readComponents(f, d.v2); list != nil {
		d.components = &list
	} else {
		d.components = &[]any{}
	}
}

func (d *draft) readNonce(f form) {
	switch v := f.fields["nonce"].(type) {
	case nil:
	case string:
		d.nonce = v
		if utf8.RuneCountInString(v) > 25 {
			f.complain("nonce", "NONCE_TYPE_TOO_LONG", "Nonce must be 25 or fewer in length.")
		}
	default:
		n, ok := asInt(v)
		if !ok {
			f.complain("nonce", "NONCE_TYPE_INVALID", "Nonce must be a string or integer.")
		}
		d.nonce = n
	}
	d.enforce, _ = f.flag("enforce_nonce")
}

func (d *draft) readReference(f form) {
	r, ok := f.sub("message_reference")
	if !ok {
		return
	}
	kind, _ := r.choice("type", 0, 1)
	id, ok := r.id("message_id")
	if !ok {
		if !r.sent("message_id") {
			r.required("message_id")
		}
		return
	}
	channel, _ := r.id("channel_id")
	if kind == 1 && channel == 0 {
		r.required("channel_id")
	}
	must, sent := r.flag("fail_if_not_exists")
	d.reference = &draftReference{
		kind: kind, channel: snowflake.ChannelID(channel), message: snowflake.MessageID(id), mayBeAbsent: sent && !must,
	}
}

// refuseLegacy complains about what components v2 exclude.
func (d *draft) refuseLegacy(f form) {
	for key, used := range map[string]bool{
		"content": d.content != nil && *d.content != "",
		"embeds":  d.embeds != nil && len(*d.embeds) > 0,
		"poll":    d.poll != nil,
	} {
		if used {
			f.complain(key, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
				fmt.Sprintf("The '%s' field cannot be used when using MessageFlags.IS_COMPONENTS_V2", key))
		}
	}
}

// readAttachments joins the uploaded files with what "attachments" says about them.
func (s *Sim) readAttachments(d *draft, f form, files []upload) {
	if len(files) > maxFiles {
		f.complain("files", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
		return
	}
	about := map[string]form{}
	if list, ok := f.subs("attachments", 10); ok {
		kept := []uint64{}
		for _, a := range list {
			id := fmt.Sprint(a.fields["id"])
			if isUpload(files, id) {
				about[id] = a
			} else if n, ok := a.id("id"); ok {
				kept = append(kept, n)
			}
		}
		d.kept = &kept
	}
	for _, u := range files {
		a := &attachment{ID: snowflake.AttachmentID(s.ids.next()), Filename: u.name, Size: len(u.data), ContentType: u.contentType, data: u.data}
		if meta, ok := about[u.index]; ok {
			if name := meta.text("filename", 260); name != "" {
				a.Filename = name
			}
			if text, ok := meta.textBetween("description", 0, 1024); ok {
				a.Description = &text
			}
		}
		d.files = append(d.files, a)
	}
}

func isUpload(files []upload, id string) bool {
	for _, u := range files {
		if u.index == id {
			return true
		}
	}
	return false
}

// empty reports whether a new message would show nothing.
func (d *draft) empty() bool {
	return (d.content == nil || *d.content == "") && (d.embeds == nil || len(*d.embeds) == 0) &&
		(d.components == nil || len(*d.components) == 0) && len(d.files) == 0 && d.poll == nil &&
		(d.reference == nil || d.reference.kind == 0)
}

// apply writes the draft onto the message.
func (s *Sim) applyDraft(m *message, d *draft) {
	if d.content != nil {
		m.Content = *d.content
	}
	if d.embeds != nil {
		m.Embeds = *d.embeds
	}
	if d.components != nil {
		m.Components = *d.components
	}
	if d.flags != nil {
		const sticky = ^(flagSuppressEmbeds | flagSuppressNotifications)
		m.Flags = m.Flags&sticky | *d.flags
	}
	if d.v2 {
		m.Flags |= flagComponentsV2
	}
	if d.poll != nil {
		m.Poll = d.poll
	}
	if d.kept != nil {
		m.keepAttachments(*d.kept)
	}
	for _, a := range d.files {
		a.URL = s.attachmentURL(m.channel, a)
		a.ProxyURL = a.URL
		a.Ephemeral = m.seenBy != 0
		m.Attachments = append(slices.Clip(m.Attachments), a)
	}
	s.resolveAttachmentURLs(m)
}

// attachmentURL is where the file is read.
func (s *Sim) attachmentURL(ch *channel, a *attachment) string {
	return *s.base.Load() + "/sim/attachments/" + ch.ID.String() + "/" + a.ID.String() + "/" + url.PathEscape(a.Filename)
}

func (m *message) keepAttachments(ids []uint64) {
	kept := noFiles
	for _, a := range m.Attachments {
		for _, id := range ids {
			if uint64(a.ID) == id {
				kept = append(kept, a)
				break
			}
		}
	}
	m.Attachments = kept
}

// resolveAttachmentURLs replaces attachment://name in embeds by the file's address.
func (s *Sim) resolveAttachmentURLs(m *message) {
	if len(m.Attachments) == 0 {
		return
	}
	for _, e := range m.Embeds {
		embed, _ := e.(map[string]any)
		for _, part := range []string{"image", "thumbnail"} {
			media, _ := embed[part].(map[string]any)
			address, _ := media["url"].(string)
			name, ok := strings.CutPrefix(address, "attachment://")
			if !ok {
				continue
			}
			for _, a := range m.Attachments {
				if a.Filename == name {
					media["url"] = a.URL
				}
			}
		}
	}
}
