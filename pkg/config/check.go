package config

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// checks are what the "check" tag may name.
var checks = map[string]struct {
	allowed string
	ok      func(string) bool
}{
	"filled":     {"a path that is not empty", func(v string) bool { return strings.TrimSpace(v) != "" }},
	"token":      {"a bot token without spaces, without \"Bot \" before it", func(v string) bool { return !strings.ContainsFunc(v, unicode.IsSpace) }},
	"opaque":     {"text without spaces", func(v string) bool { return !strings.ContainsFunc(v, unicode.IsSpace) }},
	"ip":         {"an IP address such as 127.0.0.1, 0.0.0.0 or ::", func(v string) bool { _, err := netip.ParseAddr(v); return err == nil }},
	"intents":    {"names of Discord's intents with commas between them, such as guild_messages,guild_message_reactions", intentNames},
	"privileged": {"names with commas between them, of message_content, guild_members and guild_presences, or none", privilegedIntents},
	"ranges":     {"ranges such as 10.1.0.0/16 or fd00::/8, separated by commas", func(v string) bool { _, err := Ranges(v); return err == nil }},
	"loopback":   {"an address and port of this machine only, such as 127.0.0.1:6060 or [::1]:6060", loopbackPort},
	"collector":  {"an http or https address, such as http://127.0.0.1:4318", collectorAddress},
	"postgres":   {"an address like postgres://user:password@host:5432/flora", postgresAddress},
	"redis":      {"an address like redis://user:password@host:6379/0, or rediss:// for TLS", redisAddress},
	"snowflake":  {"a Discord id, a decimal number", func(v string) bool { return v == "" || decimal(v) }},
	"secret":     {"at least 32 characters", func(v string) bool { return v == "" || v == hidden || utf8.RuneCountInString(v) >= 32 }},
	"key":        {"64 hexadecimal digits, or exactly 32 bytes", sealingKey},
	"keys":       {"keys of 64 hexadecimal digits, or exactly 32 bytes, separated by commas", sealingKeys},
	"name":       {"at most 128 letters, digits and characters of -._:", replicaName},
	"replica":    {"an http or https address without a path, such as http://10.1.2.3:3000", replicaAddress},
	"endpoints":  {"an address like https://bot.example.com or https://{guild}.bots.example.com, without a path", endpointAddress},
	"url":        {"an http or https address with host, without query and without a slash at its end", webAddress},
}

// lists are the checks of values that may be lists of strings in a file.
var lists = []string{"intents", "privileged", "ranges", "keys"}

// intentNames takes what may be names; which ones there are is known elsewhere.
func intentNames(v string) bool {
	return !strings.ContainsFunc(v, func(r rune) bool { return r != '_' && r != ',' && r != ' ' && !unicode.IsLetter(r) })
}

func privilegedIntents(v string) bool {
	for name := range strings.SplitSeq(v, ",") {
		if !slices.Contains([]string{"", "none", "message_content", "guild_members", "guild_presences"}, strings.ToLower(strings.TrimSpace(name))) {
			return false
		}
	}
	return true
}

// Ranges reads a list of CIDR ranges and addresses, separated by commas.
func Ranges(list string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if a, err := netip.ParseAddr(part); err == nil && a.Zone() == "" {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		r, err := netip.ParsePrefix(part)
		if err != nil {
			return nil, fmt.Errorf("%q is no range such as 10.1.0.0/16 or fd00::/8", part)
		}
		out = append(out, r.Masked())
	}
	return out, nil
}

// postgresAddress allows a host among the parameters, as a socket's folder is,
// and what a printed configuration has in its place.
func postgresAddress(v string) bool {
	u, err := url.Parse(v)
	return v == "" || v == hidden || err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") && (u.Host != "" || u.Query().Get("host") != "")
}

func redisAddress(v string) bool {
	u, err := url.Parse(v)
	return v == "" || v == hidden || err == nil && (u.Scheme == "redis" || u.Scheme == "rediss") && u.Host != ""
}

func loopbackPort(v string) bool {
	a, err := netip.ParseAddrPort(v)
	return v == "" || err == nil && a.Addr().IsLoopback()
}

func collectorAddress(v string) bool {
	u, err := url.Parse(v)
	return v == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == ""
}

func decimal(v string) bool {
	n, err := strconv.ParseUint(v, 10, 64)
	return err == nil && n > 0
}

func sealingKey(v string) bool {
	if v == "" || v == hidden {
		return true
	}
	_, err := hex.DecodeString(v)
	return len(v) == 64 && err == nil || len(v) == 32
}

func sealingKeys(v string) bool {
	for key := range strings.SplitSeq(v, ",") {
		if !sealingKey(strings.TrimSpace(key)) {
			return false
		}
	}
	return true
}

// endpointAddress allows {guild} as the first label of the host.
func endpointAddress(v string) bool {
	scheme, host, _ := strings.Cut(v, "://")
	u, err := url.Parse(scheme + "://" + strings.TrimPrefix(host, "{guild}."))
	return v == "" || err == nil && (scheme == "http" || scheme == "https") && u.Host != "" && u.User == nil && u.Path == "" && u.RawQuery == "" && u.Fragment == "" && !strings.ContainsAny(u.Host, "{}")
}

func replicaName(v string) bool {
	return len(v) <= 128 && !strings.ContainsFunc(v, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-._:", r)
	})
}

func replicaAddress(v string) bool {
	u, err := url.Parse(v)
	return v == "" || err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.Path == "" && u.RawQuery == "" && u.Fragment == ""
}

func webAddress(v string) bool {
	u, err := url.Parse(v)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil &&
		u.RawQuery == "" && u.Fragment == "" && !strings.HasSuffix(v, "/")
}

// convert makes the typed value of what a file, the environment or a flag
// gave.
func (s setting) convert(raw any) (any, bool) {
	text, isText := raw.(string)
	switch s.kind {
	case reflect.Int:
		n, ok := raw.(int64)
		if isText {
			parsed, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			n, ok = parsed, err == nil
		}
		return int(n), ok && n >= int64(s.min) && n <= int64(s.max)
	case reflect.Bool:
		if isText {
			b, err := strconv.ParseBool(strings.ToLower(strings.TrimSpace(text)))
			return b, err == nil
		}
		b, ok := raw.(bool)
		return b, ok
	default:
		if list, ok := raw.([]any); ok && slices.Contains(lists, s.check) {
			text, isText = joined(list)
		}
		if b, ok := raw.(bool); ok && s.oneOf != nil {
			text, isText = strconv.FormatBool(b), true
		}
		if !isText {
			return nil, false
		}
		if s.oneOf != nil {
			text = strings.ToLower(strings.TrimSpace(text))
			return text, slices.Contains(s.oneOf, text)
		}
		return text, s.check == "" || checks[s.check].ok(text)
	}
}

// joined makes one text of a list of them, as TOML may have it.
func joined(list []any) (string, bool) {
	out := make([]string, len(list))
	for i, v := range list {
		text, ok := v.(string)
		if !ok {
			return "", false
		}
		out[i] = text
	}
	return strings.Join(out, ","), true
}

// refusal is the error about a value.
func (s setting) refusal(raw any, source string) error {
	shown := fmt.Sprintf("%v", raw)
	if text, ok := raw.(string); ok {
		shown = strconv.Quote(text)
	}
	if len(shown) > 80 {
		shown = strings.ToValidUTF8(shown[:80], "") + "..."
	}
	if s.secret {
		shown = hidden
	}
	return fmt.Errorf("%s is %s (from %s), but it must be %s", s.key, shown, source, s.allowed())
}

// together checks what no single key shows.
func together(c Config) []error {
	var errs []error
	l := c.KV.Limits
	if l.MaxEntryBytes < l.MaxValueBytes {
		errs = append(errs, fmt.Errorf("kv.limits.max_entry_bytes (%d) must not be below kv.limits.max_value_bytes (%d)", l.MaxEntryBytes, l.MaxValueBytes))
	}
	if e := c.Egress; e.MaxHeldBytes < e.MaxResponseBytes {
		errs = append(errs, fmt.Errorf("egress.max_held_bytes (%d) must not be below egress.max_response_bytes (%d)", e.MaxHeldBytes, e.MaxResponseBytes))
	}
	if e := c.Egress; e.MaxHeldBytes < 2*e.MaxMessageBytes {
		errs = append(errs, fmt.Errorf("egress.max_held_bytes (%d) must not be below twice egress.max_message_bytes (%d)", e.MaxHeldBytes, e.MaxMessageBytes))
	}
	if l.MaxGuildBytes < l.MaxStoreBytes {
		errs = append(errs, fmt.Errorf("kv.limits.max_guild_bytes (%d) must not be below kv.limits.max_store_bytes (%d)", l.MaxGuildBytes, l.MaxStoreBytes))
	}
	return errs
}
