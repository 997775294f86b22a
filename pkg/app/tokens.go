package app

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// tokenLife is how long Discord takes answers to an interaction.
	tokenLife = 15 * time.Minute
	// tokenAsk bounds one question for an interaction that another replica received.
	tokenAsk = time.Second
	// tokensWaiting is how many may wait to be written; more are not remembered.
	tokensWaiting = 4096
)

// interactions remembers for all replicas which guild received which interaction: a
// handler that runs after its shard has moved may still answer one from before. It
// is a memory that may be lost, and then such an answer is refused.
type interactions struct {
	*runtime

	waiting chan received
}

type received struct {
	key   string
	value []byte
}

// newInteractions is nil where nobody shares.
func (rt *runtime) newInteractions() *interactions {
	if !rt.shared() {
		return nil
	}
	i := &interactions{runtime: rt, waiting: make(chan received, tokensWaiting)}
	rt.life.run("interactions", i.run)
	return i
}

// tokenKey hides the token from who reads the cache.
func tokenKey(guild snowflake.GuildID, token string) string {
	sum := sha256.Sum256([]byte(guild.String() + " " + token))
	return "interaction:" + string(sum[:])
}

// remember is bot.Config.Remember.
func (rt *runtime) remember(guild snowflake.GuildID, id snowflake.InteractionID, token string, at time.Time) {
	rt.scope.Remember(guild, id, token, at)
	if rt.interactions == nil {
		return
	}
	value := binary.BigEndian.AppendUint64(nil, uint64(id))
	value = binary.BigEndian.AppendUint64(value, uint64(at.UnixMilli())) //nolint:gosec // After 1970.
	select {
	case rt.interactions.waiting <- received{tokenKey(guild, token), value}:
	default:
	}
}

// run writes them down until ctx ends.
func (i *interactions) run(ctx context.Context) error {
	for {
		select {
		case r := <-i.waiting:
			if err := i.cache.Set(ctx, r.key, r.value, tokenLife); err != nil && ctx.Err() == nil {
				i.log.Debug("an interaction is not remembered for other replicas", zap.Error(err))
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// recall is scope.Config.Recall.
func (i *interactions) recall(guild snowflake.GuildID, token string) (id snowflake.InteractionID, at time.Time, found bool) {
	ctx, cancel := context.WithTimeout(context.Background(), tokenAsk)
	defer cancel()
	value, err := i.cache.Get(ctx, tokenKey(guild, token))
	if err != nil || len(value) != 16 {
		return 0, time.Time{}, false
	}
	return snowflake.InteractionID(binary.BigEndian.Uint64(value)), time.UnixMilli(int64(binary.BigEndian.Uint64(value[8:]))), true //nolint:gosec // As it was written.
}
