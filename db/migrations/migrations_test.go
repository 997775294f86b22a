package migrations_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/db/migrations"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

// newest is the number of the last step.
const newest = 8

func open(t *testing.T) (*pgx.ConnConfig, *pgx.Conn) {
	t.Helper()
	config, err := pgx.ParseConfig(dbtest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return config, conn
}

// columns describes every column and index of the schema.
func columns(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	rows, err := conn.Query(t.Context(), `
		SELECT concat_ws(' ', table_name, column_name, data_type, is_nullable, collation_name) FROM information_schema.columns
		WHERE table_schema = 'public' AND table_name <> 'flora_migrations'
		UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'flora_migrations' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func TestFromEmpty(t *testing.T) {
	t.Parallel()
	config, conn := open(t)
	result, err := migrations.Up(t.Context(), config, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if result.From != 0 || result.To != newest || len(result.Applied) != newest {
		t.Errorf("got %+v", result)
	}
	schema := columns(t, conn)
	if !strings.Contains(schema, "deployment_revisions body bytea NO") || !strings.Contains(schema, "user_tokens hash bytea NO") {
		t.Errorf("the schema lacks columns:\n%s", schema)
	}
	again, err := migrations.Up(t.Context(), config, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(again, migrations.Result{From: newest, To: newest}); diff != "" {
		t.Errorf("a second time (-got +want):\n%s", diff)
	}
}

// TestFromThePreviousVersion keeps what that version had stored, and ends with
// the schema of a new database.
func TestFromThePreviousVersion(t *testing.T) {
	t.Parallel()
	config, conn := open(t)
	if result, err := migrations.UpTo(t.Context(), config, newest-1); err != nil || result.To != newest-1 {
		t.Fatalf("got %+v, %v", result, err)
	}
	if _, err := conn.Exec(t.Context(), `
		INSERT INTO deployment_revisions (guild_id, id, status, deployed_at, document, body, body_bytes) VALUES (7, 'r1', 'success', now(), '{"id":"r1"}', '\x7b7d', 2);
		INSERT INTO deployments (guild_id, revision_id, entry, created_at, updated_at) VALUES (7, 'r1', 'main.ts', now(), now())`); err != nil {
		t.Fatal(err)
	}
	if result, err := migrations.Up(t.Context(), config, zap.NewNop()); err != nil || result.From != newest-1 || result.To != newest {
		t.Fatalf("got %+v, %v", result, err)
	}
	var document string
	if err := conn.QueryRow(t.Context(), "SELECT document FROM deployments JOIN deployment_revisions r ON r.id = revision_id").Scan(&document); err != nil || document != `{"id":"r1"}` {
		t.Errorf("got %q, %v", document, err)
	}
	freshConfig, fresh := open(t)
	if _, err := migrations.Up(t.Context(), freshConfig, zap.NewNop()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(columns(t, conn), columns(t, fresh)); diff != "" {
		t.Errorf("schema (-migrated +fresh):\n%s", diff)
	}
}

func TestReplicasThatStartTogether(t *testing.T) {
	t.Parallel()
	config, _ := open(t)
	const replicas = 6
	results := make([]migrations.Result, replicas)
	var wg sync.WaitGroup
	for i := range replicas {
		wg.Go(func() {
			var err error
			if results[i], err = migrations.Up(t.Context(), config, zap.NewNop()); err != nil {
				t.Errorf("replica %d: %s", i, err)
			}
		})
	}
	wg.Wait()
	applied := 0
	for i, r := range results {
		applied += len(r.Applied)
		if r.To != newest {
			t.Errorf("replica %d ends at step %d, want %d", i, r.To, newest)
		}
	}
	if applied != newest {
		t.Errorf("%d steps were applied by all replicas together, want %d", applied, newest)
	}
}

// TestAStepThatFails leaves nothing of itself, and is tried again.
func TestAStepThatFails(t *testing.T) {
	t.Parallel()
	config, conn := open(t)
	with := func(next string) fs.FS {
		files := fstest.MapFS{fmt.Sprintf("%05d_next.sql", newest+1): {Data: []byte("-- +goose Up\nCREATE TABLE half (id int);\n" + next)}}
		all, err := fs.ReadDir(migrations.Steps, ".")
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			b, err := fs.ReadFile(migrations.Steps, f.Name())
			if err != nil {
				t.Fatal(err)
			}
			files[f.Name()] = &fstest.MapFile{Data: b}
		}
		return files
	}
	if _, err := migrations.UpWith(t.Context(), config, with("SELECT 1/0;")); err == nil || !strings.Contains(err.Error(), "division by zero") {
		t.Fatalf("got %v", err)
	}
	if schema := columns(t, conn); strings.Contains(schema, "half") || !strings.Contains(schema, "user_tokens") {
		t.Errorf("schema after a step that failed:\n%s", schema)
	}
	if result, err := migrations.UpWith(t.Context(), config, with("")); err != nil || result.To != newest+1 {
		t.Fatalf("got %+v, %v", result, err)
	}
	// The version before runs with it.
	if result, err := migrations.Up(t.Context(), config, zap.NewNop()); err != nil || result.To != newest+1 || len(result.Applied) != 0 {
		t.Errorf("the version before: %+v, %v", result, err)
	}
}

// TestStepsOnlyGoForward looks at the files themselves.
// TestTablesOfSomethingElse: an operator names the database of the original.
func TestTablesOfSomethingElse(t *testing.T) {
	t.Parallel()
	config, conn := open(t)
	if _, err := conn.Exec(t.Context(), "CREATE TABLE deployments (guild_id text PRIMARY KEY, entry text); INSERT INTO deployments VALUES ('1', 'src/main.ts')"); err != nil {
		t.Fatal(err)
	}
	before := columns(t, conn)
	_, err := migrations.Up(t.Context(), config, zap.NewNop())
	if err == nil || !strings.Contains(err.Error(), "name an empty database in database.url") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, columns(t, conn)); diff != "" {
		t.Errorf("the tables changed: %s", diff)
	}
}

func TestStepsOnlyGoForward(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(migrations.Steps, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != newest {
		t.Errorf("%d steps, want %d", len(names), newest)
	}
	for i, name := range names {
		if !strings.HasPrefix(path.Base(name), fmt.Sprintf("%05d_", i+1)) {
			t.Errorf("%s is no. %d: numbers have no gaps", name, i+1)
		}
		b, err := fs.ReadFile(migrations.Steps, name)
		if err != nil {
			t.Fatal(err)
		}
		if text := string(b); !strings.HasPrefix(text, "-- +goose Up\n") || strings.Contains(text, "+goose Down") || strings.Contains(text, "NO TRANSACTION") {
			t.Errorf("%s must start with -- +goose Up, and go neither down nor without a transaction", name)
		}
	}
}
