package settings_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/settings"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
)

const guild snowflake.GuildID = 100000000000000001

func TestService(t *testing.T) {
	t.Parallel()
	store, err := embedded.Open(embedded.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	told := 0
	s := settings.New(settings.Config{Store: store, Changed: func(snowflake.GuildID) { told++ }})
	if s.ErrorReply(guild) != "" || len(s.Vars(guild)) > 0 {
		t.Error("something is set")
	}
	for _, row := range []struct {
		set  settings.Settings
		want string
	}{
		{settings.Settings{ErrorReplies: true}, settings.DefaultErrorText},
		{settings.Settings{ErrorReplies: true, ErrorText: "Ups."}, "Ups."},
		{settings.Settings{ErrorText: "Ups."}, ""},
	} {
		if err := s.Put(t.Context(), guild, row.set); err != nil || s.ErrorReply(guild) != row.want {
			t.Errorf("%+v: %v, %q, want %q", row.set, err, s.ErrorReply(guild), row.want)
		}
	}
	for i := range settings.MaxVariables {
		if _, err := s.PutVariable(t.Context(), guild, "V"+strings.Repeat("x", i), "v"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.PutVariable(t.Context(), guild, "W", "v"); !fault.Is(err, fault.QuotaExceeded) || !strings.Contains(err.Error(), "has 100 variables") {
		t.Errorf("one too many: %v", err)
	}
	if told != 3+settings.MaxVariables {
		t.Errorf("told %d times", told)
	}
	if deleted, err := s.DeleteVariable(t.Context(), guild, "Vx"); err != nil || !deleted || s.Vars(guild)["Vx"] != "" {
		t.Errorf("deleted: %v, %v", deleted, err)
	}
	again := settings.New(settings.Config{Store: store})
	if err := again.Load(t.Context(), guild); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s.Vars(guild), again.Vars(guild)); diff != "" || len(s.Vars(guild)) != settings.MaxVariables-1 {
		t.Errorf("after a restart:\n%s", diff)
	}
}
