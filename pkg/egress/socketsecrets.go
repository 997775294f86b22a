package egress

import (
	"encoding/json"
	"errors"
	"strconv"

	"github.com/flora-runtime/flora-runtime/pkg/secret"
)

// scrubs are what takes secrets out of what comes. One is made for each set of
// secrets that the guild had meanwhile, as far as it is remembered.
type scrubs struct {
	of  *secret.Set
	all []*secret.Scrubber
}

const maxScrubs = 4

// conceal takes the values of secrets out of a message.
func (s *Socket) conceal(data []byte) []byte {
	if s.client.cfg.Secrets == nil {
		return data
	}
	if now := s.client.cfg.Secrets(s.guild); now != s.scrub.of {
		s.scrub.of = now
		if c := now.Scrubber([]secret.Target{s.to}, nil); c != nil {
			s.scrub.all = append(s.scrub.all, c)
			s.scrub.all = s.scrub.all[max(0, len(s.scrub.all)-maxScrubs):]
		}
	}
	for _, c := range s.scrub.all {
		var ok bool
		if data, ok = c.Bytes(data, s.client.cfg.Limits.Sockets.MessageBytes); !ok {
			return []byte("(left out)")
		}
	}
	return data
}

// fill puts the values of secrets into a text, which may be JSON.
func (s *Socket) fill(text []byte, most int64) ([]byte, error) {
	if s.client.cfg.Secrets == nil || !secret.Has(string(text)) {
		return text, nil
	}
	as := secret.Plain
	if json.Valid(text) {
		as = secret.InJSON
	}
	filled, err := s.client.cfg.Secrets(s.guild).Fill(string(text), s.to, as, int(most))
	if errors.Is(err, secret.ErrTooLong) {
		return nil, failure(TooLarge, "EMESSAGE", "with its secrets the message has more than "+strconv.FormatInt(most, 10)+" bytes")
	}
	return []byte(filled), denied(err)
}
