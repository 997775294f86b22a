package kv

import (
	"context"
	"strconv"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Increment implements Store.
func (db *DB) Increment(ctx context.Context, id snowflake.GuildID, name, key string, o IncrementOptions) (Number, error) {
	if err := first(db.limits().checkStore(name), db.limits().checkKey(key)); err != nil {
		return Number{}, err
	}
	expiration, err := db.expiration(o.Expiration, o.TTL)
	if err != nil {
		return Number{}, err
	}
	var sum int64
	version, err := db.apply(ctx, id, name, int64(len(key)+inlineBytes), []edit{{key: key, writes: 1, next: func(live *head) (*head, *string, error) {
		h := &head{}
		from := o.Start
		if live != nil {
			*h = *live
			if from, err = live.number(); err != nil {
				return nil, nil, err
			}
		}
		if sum, err = o.add(from); err != nil {
			return nil, nil, err
		}
		if expiration != 0 {
			h.expiration = expiration
		}
		value := strconv.FormatInt(sum, 10)
		h.setValue(value)
		return h, &value, nil
	}}})
	return Number{Value: sum, Version: version}, err
}

// number is the value as a whole number.
func (h *head) number() (int64, error) {
	n, err := strconv.ParseInt(string(h.value), 10, 64)
	if err != nil { // A value beside its head is too long for one.
		return 0, fault.Wrap(err, fault.InvalidInput, "the value is no whole number of 64 bits, so it cannot be incremented")
	}
	return n, nil
}

func (o IncrementOptions) add(n int64) (int64, error) {
	sum := n + o.By
	if (o.By > 0) != (sum > n) && o.By != 0 {
		return 0, fault.New(fault.InvalidInput, "%d and %d is more than a whole number of 64 bits holds", n, o.By)
	}
	if o.Most > 0 && (sum > o.Most || sum < -o.Most) {
		return 0, fault.New(fault.InvalidInput, "%d and %d is beyond %d, the largest whole number here", n, o.By, o.Most)
	}
	return sum, nil
}
