package forward

import (
	"crypto/rand"
	"crypto/sha256"

	"github.com/google/uuid"
)

// ownVersion is UUIDs' version for contents of one's own.
const ownVersion = 8

// placeBytes is how much of an id says where its thing is.
const placeBytes = 4

func place(name string) [placeBytes]byte {
	sum := sha256.Sum256([]byte(name))
	return [placeBytes]byte(sum[:placeBytes])
}

// NewID makes an id, a UUID, for something that only this replica has.
func (f *Forwarder) NewID() string {
	var id uuid.UUID
	_, _ = rand.Read(id[:]) // It never fails.
	at := place(f.cfg.Name)
	copy(id[:], at[:])
	id[6] = id[6]&0x0f | ownVersion<<4
	id[8] = id[8]&0x3f | 0x80
	return id.String()
}

// Holder is the replica that made the id, if it lives and is another one.
func (f *Forwarder) Holder(id string) (Member, bool) {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != ownVersion || place(f.cfg.Name) == [placeBytes]byte(u[:placeBytes]) {
		return Member{}, false
	}
	for _, m := range f.Others() {
		if place(m.Name) == [placeBytes]byte(u[:placeBytes]) {
			return m, true
		}
	}
	return Member{}, false
}
