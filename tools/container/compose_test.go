package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/compose-spec/compose-go/v2/types"
)

// compose reads the file as Docker Compose does.
func compose(t *testing.T, env map[string]string) (*types.Project, error) {
	t.Helper()
	var list []string
	for name, value := range env {
		list = append(list, name+"="+value)
	}
	o, err := cli.NewProjectOptions([]string{filepath.Join(root, "compose.yaml")}, cli.WithEnv(list))
	if err != nil {
		t.Fatal(err)
	}
	return o.LoadProject(t.Context())
}

// filled is .env.example with its gaps filled.
func filled(t *testing.T) map[string]string {
	t.Helper()
	env, err := dotenv.Read(filepath.Join(root, ".env.example"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range env {
		if value == "" {
			env[name] = strings.Repeat("ab", 32)
		}
	}
	return env
}

func TestCompose(t *testing.T) {
	t.Parallel()
	p, err := compose(t, filled(t))
	if err != nil {
		t.Fatal(err)
	}
	image, err := Read(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	var kept []string
	for name, s := range p.Services {
		if s.HealthCheck == nil || len(s.HealthCheck.Test) < 2 {
			t.Errorf("%s has no health check", name)
		}
		if s.MemLimit == 0 || s.CPUS == 0 || s.PidsLimit == 0 || s.Restart != types.RestartPolicyUnlessStopped {
			t.Errorf("%s has no bounds, or stays down: %d %f %d %q", name, s.MemLimit, s.CPUS, s.PidsLimit, s.Restart)
		}
		if s.Privileged || slices.Contains(s.CapAdd, "ALL") {
			t.Errorf("%s has rights that it needs not", name)
		}
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeVolume || p.Volumes[v.Source].Name == "" {
				t.Errorf("%s keeps %s in a %s without a name", name, v.Target, v.Type)
			}
			kept = append(kept, name+":"+v.Target)
		}
		if name != "flora" && len(s.Ports) > 0 {
			t.Errorf("%s is open to the outside", name)
		}
	}
	slices.Sort(kept)
	if want := []string{"flora:" + image.Volumes[0], "postgres:/var/lib/postgresql/data", "redis:/data"}; !slices.Equal(kept, want) {
		t.Errorf("kept is %q, want %q", kept, want)
	}
	flora := p.Services["flora"]
	if !flora.ReadOnly || !slices.Equal(flora.CapDrop, []string{"ALL"}) || !slices.Contains(flora.SecurityOpt, "no-new-privileges:true") {
		t.Errorf("flora has rights that it needs not: %t %q %q", flora.ReadOnly, flora.CapDrop, flora.SecurityOpt)
	}
	if got := flora.HealthCheck.Test; !slices.Equal(got, append(types.HealthCheckTest{"CMD"}, append(image.Health, "--ready")...)) {
		t.Errorf("flora's health check is %q", got)
	}
	if flora.StopGracePeriod == nil || time.Duration(*flora.StopGracePeriod) < 30*time.Second {
		t.Errorf("flora has %v to stop", flora.StopGracePeriod)
	}
	for name, d := range flora.DependsOn {
		if d.Condition != types.ServiceConditionHealthy {
			t.Errorf("flora starts when %s is %s", name, d.Condition)
		}
	}
	if got := flora.Ports[0]; got.HostIP != "127.0.0.1" || got.Target != 3000 {
		t.Errorf("flora listens on %+v, want this machine only", got)
	}
}

func TestComposeNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"DISCORD_TOKEN", "DISCORD_CLIENT_ID", "DISCORD_CLIENT_SECRET", "API_SECRET", "SECRETS_MASTER_KEY", "POSTGRES_PASSWORD"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for what, change := range map[string]func(env map[string]string){
				"not set": func(env map[string]string) { delete(env, name) },
				"empty":   func(env map[string]string) { env[name] = "" },
			} {
				env := filled(t)
				change(env)
				if _, err := compose(t, env); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "set it in .env") {
					t.Errorf("%s: got %v", what, err)
				}
			}
		})
	}
}
