package telemetry

import "github.com/prometheus/client_golang/prometheus"

// Sandbox registers which parts of the workers' sandbox are in force; features
// is asked at each scrape.
func Sandbox(r prometheus.Registerer, features func() map[string]bool) {
	r.MustRegister(confinement(features))
}

type confinement func() map[string]bool

var sandboxFeature = prometheus.NewDesc("flora_sandbox_feature", "1 when every worker process has this part of the sandbox.", []string{"feature"}, nil)

func (confinement) Describe(out chan<- *prometheus.Desc) { out <- sandboxFeature }

func (c confinement) Collect(out chan<- prometheus.Metric) {
	for name, on := range c() {
		value := 0.0
		if on {
			value = 1
		}
		out <- prometheus.MustNewConstMetric(sandboxFeature, prometheus.GaugeValue, value, name)
	}
}
