package forward

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const (
	// ticketHeader carries a ticket and its signature.
	ticketHeader = "X-Flora-Replica"
	// movedHeader, with the ticket's number, is the answer of a replica that does
	// not own the guild and has done nothing.
	movedHeader = "X-Flora-Replica-Moved"
	// validFor is how far the clocks of two replicas may be apart.
	validFor = 30 * time.Second
)

// kind is what a ticket is for.
type kind string

const (
	guildKind kind = "guild" // A request about a guild, for its owner.
	hereKind  kind = "here"  // A request for this very replica, whoever owns the guild.
	peerKind  kind = "peer"  // A question of the replica itself.
)

// ticket goes with what one replica sends to another, signed. It is bound to the
// request's method and target, to the receiver and to the time.
type ticket struct {
	Kind   kind      `json:"kind"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	At     time.Time `json:"at"`
	Number string    `json:"number"` // Never the same twice.
	// Caller is who sent the request to the first replica, and ID what it is called
	// in the logs of both.
	Caller netip.AddrPort `json:"caller,omitzero"`
	ID     string         `json:"id,omitempty"`
	// Host is what the caller calls the host. It stands here because clients of HTTP
	// send some hosts in another form, and then the signature would not hold.
	Host string `json:"host,omitempty"`
	// Expect says that the caller itself asked to be told to go on.
	Expect bool `json:"expect,omitempty"`
}

// seal signs tickets. The key is of nothing else than this.
type seal struct{ key []byte }

// newSeal derives the key from the secret that all replicas have.
func newSeal(secret string) seal {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("flora: what replicas send to each other"))
	return seal{mac.Sum(nil)}
}

func (s seal) sum(text, method, target string) []byte {
	mac := hmac.New(sha256.New, s.key)
	// Each part with its length: none of them can lend another its end.
	for _, part := range []string{text, method, target} {
		_, _ = fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	return mac.Sum(nil)
}

// sign puts the ticket on a request, whose address is final, and gives its number.
func (s seal) sign(r *http.Request, t ticket) (number string, err error) {
	t.Number = rand.Text()
	doc, err := json.Marshal(t)
	if err != nil {
		return "", fmt.Errorf("encode a replica's ticket: %w", err)
	}
	text := base64.RawURLEncoding.EncodeToString(doc)
	sum := s.sum(text, r.Method, r.URL.RequestURI())
	r.Header.Set(ticketHeader, text+"."+base64.RawURLEncoding.EncodeToString(sum))
	return t.Number, nil
}

// Whoever has no such ticket is no replica, nor is who has one that is signed
// otherwise, or whose secret is another; one with a stale ticket is, and its clock
// or the network is wrong.
var (
	errNone  = errors.New("the request has no ticket of a replica")
	errAlien = errors.New("the ticket is not signed by this replica's secret")
	errStale = errors.New("the ticket is of another time")
)

// check gives the ticket of a request.
func (s seal) check(r *http.Request, self string, now time.Time) (ticket, error) {
	values := r.Header.Values(ticketHeader)
	if len(values) != 1 {
		return ticket{}, errNone
	}
	text, signature, ok := strings.Cut(values[0], ".")
	if !ok {
		return ticket{}, errNone
	}
	given, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil || !hmac.Equal(given, s.sum(text, r.Method, r.RequestURI)) {
		return ticket{}, errAlien
	}
	var t ticket
	doc, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(doc, &t)
	}
	if err != nil || t.To != self {
		// Signed, for somebody else: a name or an address has moved on.
		return t, errStale
	}
	if age := now.Sub(t.At); age > validFor || age < -validFor {
		return t, errStale
	}
	return t, nil
}

type ticketKey struct{}

// carried is what a request that another replica forwarded says of itself.
func carried(ctx context.Context) (ticket, bool) {
	t, ok := ctx.Value(ticketKey{}).(ticket)
	return t, ok
}

// ID is what the replica that forwarded a request calls it, or "".
func ID(ctx context.Context) string {
	t, _ := carried(ctx)
	return t.ID
}
