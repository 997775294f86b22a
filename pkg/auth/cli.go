package auth

import (
	"context"
	"crypto/subtle"
	"strconv"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

const (
	// CodeTime is how long a command line tool has to redeem its code.
	CodeTime = time.Minute
	// ticketTime is how long a person may think about allowing it.
	ticketTime = 10 * time.Minute
	// PKCE's bounds of a verifier (RFC 7636).
	minVerifier, maxVerifier = 43, 128
)

// codeRecord is what a person allowed a command line tool.
type codeRecord struct {
	Owner     Owner  `json:"owner"`
	Challenge string `json:"challenge"`
}

// CheckChallenge refuses what is no S256 challenge of PKCE.
func CheckChallenge(challenge string) error {
	if !isBearer(challenge) {
		return fault.New(fault.BadRequest, "Bad request: code_challenge must be the SHA-256 of the verifier in base64url, 43 characters")
	}
	return nil
}

// Allow makes a code with which whoever knows the challenge's verifier gets an
// API token of the session's user.
func (s *Sessions) Allow(ctx context.Context, who Identity, challenge string) (code string, err error) {
	if err := CheckChallenge(challenge); err != nil {
		return "", err
	}
	code = newBearer()
	sealed, err := s.vault.seal("code", code, codeRecord{Owner: Owner{UserID: who.UserID, Username: who.Username}, Challenge: challenge})
	if err != nil {
		return "", err
	}
	return code, s.cfg.Cache.Set(ctx, keyOf("cli-code", code), sealed, CodeTime)
}

// Redeem gives whose token the code is for. A code is good once, whatever comes
// of it.
func (s *Sessions) Redeem(ctx context.Context, code, verifier string) (Owner, error) {
	refused := fault.New(fault.BadRequest, "Bad request: the code is wrong, was used, or is older than %s; log in again", CodeTime)
	if !isBearer(code) {
		return Owner{}, refused
	}
	sealed, err := s.cfg.Cache.Take(ctx, keyOf("cli-code", code))
	if fault.Is(err, fault.NotFound) {
		return Owner{}, refused
	}
	if err != nil {
		return Owner{}, err
	}
	var r codeRecord
	if err := s.vault.open("code", code, sealed, &r); err != nil {
		return Owner{}, refused
	}
	fits := len(verifier) >= minVerifier && len(verifier) <= maxVerifier &&
		subtle.ConstantTimeCompare([]byte(challengeOf(verifier)), []byte(r.Challenge)) == 1
	if !fits {
		return Owner{}, fault.New(fault.BadRequest, "Bad request: code_verifier does not fit the challenge that the login began with; log in again")
	}
	return r.Owner, nil
}

// Ticket makes a text for a form that only the session's own page can have, for
// what the parts say.
func (s *Sessions) Ticket(who Identity, parts ...string) string {
	end := strconv.FormatInt(s.cfg.Clock.Now().Add(ticketTime).Unix(), 10)
	return end + "." + s.ticket(who, end, parts)
}

func (s *Sessions) ticket(who Identity, end string, parts []string) string {
	return s.vault.sign("ticket", append([]string{end, who.Session.key()}, parts...)...)
}

// CheckTicket refuses a form that does not come from the session's own page, or
// is too old.
func (s *Sessions) CheckTicket(who Identity, ticket string, parts ...string) error {
	const digits = 10
	refused := fault.New(fault.Forbidden, "Forbidden: the page is too old, or of another login; open it again")
	if len(ticket) <= digits || ticket[digits] != '.' {
		return refused
	}
	end := ticket[:digits]
	unix, err := strconv.ParseInt(end, 10, 64)
	if err != nil || subtle.ConstantTimeCompare([]byte(ticket[digits+1:]), []byte(s.ticket(who, end, parts))) != 1 ||
		!s.cfg.Clock.Now().Before(time.Unix(unix, 0)) {
		return refused
	}
	return nil
}
