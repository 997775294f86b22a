package discordsim

import (
	"net/http"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	maxAutocomplete = 25
	callbackPattern = "/interactions/{interaction}/{token}/callback"
)

func (s *Sim) interactionRoutes() []route {
	return []route{{
		method: "POST", pattern: callbackPattern, handle: s.answerInteraction,
		open: true, free: true, bucket: bucketRule{none: true},
	}}
}

// answerInteraction is the first answer, which must come within three seconds.
func (s *Sim) answerInteraction(c *call) (any, error) {
	id, err := pathID[snowflake.InteractionID](c, "interaction")
	if err != nil {
		return nil, err
	}
	in := s.interactions.byID[id]
	if in == nil || in.token != c.param("token") {
		return nil, errUnknownInteraction
	}
	c.about = in
	switch {
	case in.answer != 0:
		return nil, errAcknowledged
	case s.overdue(in):
		return nil, errUnknownInteraction
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	if !f.sent("type") {
		f.required("type")
	}
	kind, _ := f.choice("type", in.allowedAnswers()...)
	if err := f.err(); err != nil {
		return nil, err
	}
	data, ok := f.sub("data")
	if !ok {
		data = f.at("data")
		data.fields = map[string]any{}
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	if err := s.takeAnswer(in, int(kind), data, c.files); err != nil {
		return nil, err
	}
	in.answer = int(kind)
	in.touch()
	if !c.queryFlag("with_response") {
		return nil, nil
	}
	c.status = http.StatusOK
	return in.callbackDocument(), nil
}

// allowedAnswers are the types that make sense for the interaction.
func (in *interaction) allowedAnswers() []int64 {
	switch in.kind {
	case interactAutocomplete:
		return []int64{answerChoices}
	case interactComponent:
		return []int64{answerMessage, answerDeferred, answerDeferredUpdate, answerUpdate, answerModal}
	case interactModal:
		if in.source != nil {
			return []int64{answerMessage, answerDeferred, answerDeferredUpdate, answerUpdate}
		}
		return []int64{answerMessage, answerDeferred}
	default:
		return []int64{answerMessage, answerDeferred, answerModal}
	}
}

func (s *Sim) takeAnswer(in *interaction, kind int, f form, files []upload) error {
	switch kind {
	case answerMessage:
		m, err := s.answerDraft(in, f, files)
		if err != nil {
			return err
		}
		in.original = m
		s.post(m)
	case answerDeferred:
		flags, _ := f.number("flags", 0, 1<<31)
		if err := f.err(); err != nil {
			return err
		}
		m := s.newAnswer(in, flags&flagEphemeral != 0)
		m.Flags |= flagLoading
		in.original = m
		s.post(m)
	case answerDeferredUpdate:
		in.original = in.source
	case answerUpdate:
		if _, err := s.edit(in.source, f, files); err != nil {
			return err
		}
		in.original = in.source
	case answerChoices:
		return in.takeChoices(f)
	case answerModal:
		return s.openModal(in, f)
	}
	return nil
}

// answerDraft makes a message of the bot out of a checked request.
func (s *Sim) answerDraft(in *interaction, f form, files []upload) (*message, error) {
	d := s.readDraft(f, files, draftRules{flags: settableFlags | flagEphemeral})
	if err := f.err(); err != nil {
		return nil, err
	}
	d.reference, d.mentions.replied = nil, false
	if d.empty() {
		return nil, errEmptyMessage
	}
	m := s.newAnswer(in, d.flags != nil && *d.flags&flagEphemeral != 0)
	s.fillMessage(m, d)
	return m, nil
}

func (in *interaction) takeChoices(f form) error {
	list, ok := f.subs("choices", maxAutocomplete)
	if !ok && !f.sent("choices") {
		f.required("choices")
	}
	out := make([]any, 0, len(list))
	for _, e := range list {
		name := e.needText("name", 1, 100)
		if !e.sent("value") {
			e.required("value")
		}
		out = append(out, map[string]any{"name": name, "value": e.fields["value"]})
	}
	if err := f.err(); err != nil {
		return err
	}
	in.choice = out
	return nil
}

// openModal shows a window to the person; one that was open goes.
func (s *Sim) openModal(in *interaction, f form) error {
	modal := map[string]any{
		"custom_id": f.needText("custom_id", 1, 100), "title": f.needText("title", 1, 45), "components": readModalComponents(f),
	}
	if err := f.err(); err != nil {
		return err
	}
	in.modal = modal
	s.interactions.modals[modalKey{in.channel.GuildID, in.who.User.ID}] = in
	return nil
}

// callbackDocument is what with_response=true asks for.
func (in *interaction) callbackDocument() map[string]any {
	about := map[string]any{"id": in.id, "type": in.kind}
	d := map[string]any{"interaction": about}
	resource := map[string]any{"type": in.answer}
	if m := in.original; m != nil && in.answer != answerDeferredUpdate {
		about["response_message_id"] = m.ID
		about["response_message_loading"] = m.Flags&flagLoading != 0
		about["response_message_ephemeral"] = m.seenBy != 0
		resource["message"] = m
	}
	d["resource"] = resource
	return d
}

// tokenInteraction finds the interaction whose token stands in a webhook's place.
func (s *Sim) tokenInteraction(c *call) (*interaction, error) {
	in := s.interactions.byToken[c.param("token")]
	c.about = in
	switch {
	case in == nil:
		return nil, errWebhookToken
	case s.expired(in):
		return nil, errWebhookToken
	case in.answer == 0:
		return nil, errUnknownWebhook
	}
	return in, nil
}

// follow sends another message after the first answer. The first one after a
// deferred answer takes its place.
func (s *Sim) follow(in *interaction, c *call) (any, error) {
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	if m := in.original; m != nil && in.answer == answerDeferred && m.Flags&flagLoading != 0 {
		return s.editAnswer(in, m, f, c.files)
	}
	m, err := s.answerDraft(in, f, c.files)
	if err != nil {
		return nil, err
	}
	if in.original != nil {
		s.refer(m, in.original, 0)
		if about, ok := m.Metadata.(map[string]any); ok {
			about["original_response_message_id"] = in.original.ID
		}
	}
	s.post(m)
	in.edited++
	in.last = m
	in.touch()
	return m, nil
}

func (s *Sim) editAnswer(in *interaction, m *message, f form, files []upload) (any, error) {
	out, err := s.edit(m, f, files)
	if err != nil {
		return nil, err
	}
	in.edited++
	in.last = m
	in.touch()
	return out, nil
}

// answerMessageOf finds "@original", or another message of the interaction.
func (s *Sim) answerMessageOf(in *interaction, name string) (*message, error) {
	if name == "@original" {
		if in.original == nil || in.original.channel.messages.get(in.original.ID) != in.original {
			return nil, errUnknownMessage
		}
		return in.original, nil
	}
	id, ok := asID(name)
	if !ok {
		return nil, notSnowflake("message_id", name)
	}
	m := in.channel.messages.get(snowflake.MessageID(id))
	if m == nil || m.ApplicationID == nil && m != in.source {
		return nil, errUnknownMessage
	}
	if m.seenBy != 0 && m.seenBy != in.who.User.ID {
		return nil, errUnknownMessage
	}
	return m, nil
}
