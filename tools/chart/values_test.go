package chart_test

import (
	"maps"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
)

// good are values that the rows below spoil.
const good = `config: {discord: {client_id: "661720242585600006"}}`

// merged puts values above others, as Helm does.
func merged(t *testing.T, texts ...string) map[string]any {
	t.Helper()
	out := map[string]any{}
	for _, text := range texts {
		values, err := common.ReadValues([]byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		over(out, values)
	}
	return out
}

func over(to, from map[string]any) {
	for k, v := range from {
		inner, ok := v.(map[string]any)
		if old, there := to[k].(map[string]any); ok && there {
			old = maps.Clone(old)
			over(old, inner)
			v = old
		}
		to[k] = v
	}
}

// Values that make no sense are refused before anything is installed, with what
// is wrong and where.
func TestBadValues(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		values string
		want   []string
	}{
		"a key that does not exist":       {`replicas: 3`, []string{"additional properties 'replicas' not allowed"}},
		"one further down":                {`image: {name: a}`, []string{"at '/image'", "additional properties 'name' not allowed"}},
		"a section taken away":            {`config: null`, []string{"missing property 'config'"}},
		"a value taken away":              {`networkPolicy: {database: null}`, []string{"at '/networkPolicy'", "missing property 'database'"}},
		"no configuration key":            {`config: {runtime: {max_worker: 2}}`, []string{"at '/config/runtime'", "'max_worker' not allowed"}},
		"a configuration value":           {`config: {runtime: {max_workers: 0}}`, []string{"at '/config/runtime/max_workers'", "minimum"}},
		"a choice":                        {`config: {log_format: xml}`, []string{"at '/config/log_format'", "'console', 'json'"}},
		"a number for an id":              {`config: {discord: {client_id: 661720242585600006}}`, []string{"at '/config/discord/client_id'", "want string"}},
		"YAML's off":                      {`config: {runtime: {sandbox: off}}`, []string{"at '/config/runtime/sandbox'"}},
		"a credential in the file":        {`config: {discord: {bot_token: abc}}`, []string{"at '/config/discord'", "'bot_token' not allowed"}},
		"the chart's own key":             {`config: {data_dir: /srv}`, []string{"at '/config'", "'data_dir' not allowed"}},
		"a credential as value":           {`secrets: {botToken: abc}`, []string{"at '/secrets/botToken'", "want object"}},
		"a Secret's name":                 {`secrets: {botToken: {name: Flora_Credentials}}`, []string{"at '/secrets/botToken/name'"}},
		"a Secret's key":                  {`secrets: {botToken: {key: ""}}`, []string{"at '/secrets/botToken/key'"}},
		"no replica":                      {`replicaCount: 0`, []string{"at '/replicaCount'", "minimum"}},
		"a digest":                        {`image: {digest: abc}`, []string{"at '/image/digest'"}},
		"a size":                          {`persistence: {size: big}`, []string{"at '/persistence/size'"}},
		"a host with a path":              {`ingress: {hosts: [https://example.com/a]}`, []string{"at '/ingress/hosts/0'"}},
		"a range":                         {`networkPolicy: {denied: [example.com]}`, []string{"at '/networkPolicy/denied/0'"}},
		"a peer of nothing":               {`networkPolicy: {from: [{podselector: {}}]}`, []string{"at '/networkPolicy/from/0'", "'podselector' not allowed"}},
		"no replica may be away":          {`podDisruptionBudget: {maxUnavailable: 0}`, []string{"at '/podDisruptionBudget/maxUnavailable'"}},
		"a variable without value":        {`extraEnv: [{name: A}]`, []string{"at '/extraEnv/0'"}},
		"a variable with a number":        {`extraEnv: [{name: A, value: 1}]`, []string{"at '/extraEnv/0/value'", "want string"}},
		"a label that is a number":        {`podLabels: {a: 1}`, []string{"at '/podLabels/a'", "want string"}},
		"a probe":                         {`livenessProbe: {httpGet: {path: /}}`, []string{"at '/livenessProbe'", "'httpGet' not allowed"}},
		"no client id":                    {`config: {discord: {client_id: ""}}`, []string{"config.discord.client_id is not set"}},
		"replicas with Pebble":            {`{replicaCount: 2, config: {replicas: {enabled: true}}}`, []string{"replicaCount is 2, which needs config.kv.engine: postgres"}},
		"replicas that are off":           {`{replicaCount: 2, config: {kv: {engine: postgres}}}`, []string{"replicaCount is 2, which needs config.replicas.enabled: true"}},
		"one replica with Pebble":         {`config: {replicas: {enabled: true}}`, []string{"config.replicas.enabled needs config.kv.engine: postgres"}},
		"replicas without a database":     {`config: {storage: {embedded: true}, kv: {engine: postgres}, replicas: {enabled: true}}`, []string{"config.storage.embedded keeps everything in one process"}},
		"Pebble without a volume":         {`persistence: {enabled: false}`, []string{"persistence.enabled is false", "config.kv.engine: postgres"}},
		"no Secret":                       {`secrets: {masterKey: {name: ""}}`, []string{"at '/secrets/masterKey/name'"}},
		"killed before it is drained":     {`{terminationGracePeriodSeconds: 60, config: {runtime: {drain_timeout_secs: 60}}}`, []string{"terminationGracePeriodSeconds is 60, but it must be above config.runtime.drain_timeout_secs, which is 60"}},
		"a credential as variable":        {`extraEnv: [{name: DISCORD_TOKEN, value: abc}]`, []string{"extraEnv sets DISCORD_TOKEN, a credential: name its Secret in secrets.botToken"}},
		"an ingress without a host":       {`ingress: {enabled: true}`, []string{"ingress.enabled needs a host in ingress.hosts"}},
		"metrics without the operator":    {`{metrics: {serviceMonitor: {enabled: true}}, secrets: {operatorSecret: {name: ""}}}`, []string{"needs secrets.operatorSecret"}},
		"all that is wrong, told at once": {`{replicaCount: 3, ingress: {enabled: true}, persistence: {enabled: false}}`, []string{"config.replicas.enabled: true", "config.kv.engine: postgres", "ingress.hosts", "persistence.enabled"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := render(t, merged(t, good, row.values))
			if err == nil {
				t.Fatalf("%s was taken: %d manifests", row.values, len(files))
			}
			for _, want := range row.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: the error lacks %q: %v", row.values, want, err)
				}
			}
		})
	}
}

// What values turn on and off.
func TestWhatIsMade(t *testing.T) {
	t.Parallel()
	several := `{replicaCount: 2, config: {replicas: {enabled: true}, kv: {engine: postgres}}}`
	for name, row := range map[string]struct {
		values        string
		with, without []string
	}{
		"one process":               {`{}`, []string{"StatefulSet flora", "Service flora", "Service flora-headless", "ConfigMap flora", "ServiceAccount flora", "NetworkPolicy flora", "Pod flora-test"}, []string{"PodDisruptionBudget flora", "Ingress flora", "ServiceMonitor flora", "PrometheusRule flora", "ConfigMap flora-dashboard", "Secret flora"}},
		"several":                   {several, []string{"PodDisruptionBudget flora"}, nil},
		"no budget":                 {`{replicaCount: 2, config: {replicas: {enabled: true}, kv: {engine: postgres}}, podDisruptionBudget: {enabled: false}}`, nil, []string{"PodDisruptionBudget flora"}},
		"no policy":                 {`networkPolicy: {enabled: false}`, nil, []string{"NetworkPolicy flora"}},
		"somebody else's account":   {`serviceAccount: {create: false, name: other}`, nil, []string{"ServiceAccount flora", "ServiceAccount other"}},
		"an ingress":                {`ingress: {enabled: true, hosts: [a.example.com]}`, []string{"Ingress flora"}, nil},
		"lists and maps taken away": {`{tolerations: null, podLabels: null, extraEnv: null, affinity: null, imagePullSecrets: null, podSecurityContext: null, service: {ipFamilies: null, annotations: null}, ingress: {hosts: null}, networkPolicy: {from: null, denied: null}, resources: {limits: null}, metrics: {rules: {disabled: null, enabled: true}}}`, []string{"StatefulSet flora", "NetworkPolicy flora"}, nil},
		"alerts alone":              {`metrics: {rules: {enabled: true}}`, []string{"PrometheusRule flora"}, []string{"ServiceMonitor flora"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files, err := render(t, merged(t, good, row.values))
			if err != nil {
				t.Fatal(err)
			}
			made := map[string]bool{}
			for _, m := range manifests(t, files) {
				made[m.kind()+" "+m.at("metadata", "name").(string)] = true
			}
			for _, want := range row.with {
				if !made[want] {
					t.Errorf("no %s: %v", want, made)
				}
			}
			for _, other := range row.without {
				if made[other] {
					t.Errorf("%s is made", other)
				}
			}
		})
	}
}

// A changed configuration reaches pods: they are replaced.
func TestPodsFollowTheirConfiguration(t *testing.T) {
	t.Parallel()
	checksum := func(values string) string {
		files, err := render(t, merged(t, good, values))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range manifests(t, files) {
			if m.kind() == "StatefulSet" {
				return m.at("spec", "template", "metadata", "annotations", "checksum/config").(string)
			}
		}
		return ""
	}
	one := checksum(`{}`)
	if one == "" || one != checksum(`service: {port: 81}`) {
		t.Error("the checksum is not that of the configuration")
	}
	if one == checksum(`config: {log_level: debug}`) {
		t.Error("pods stay with the old configuration")
	}
}
