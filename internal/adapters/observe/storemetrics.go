package observe

// operation is an operation of a session store.
type operation int

const (
	opCreate operation = iota
	opFind
	opReplace
	opDelete
	opKeys
	operations // how many there are
)

func (o operation) String() string {
	return [operations]string{"create", "find", "replace", "delete", "keys"}[o]
}

// outcome is what became of an operation.
type outcome int

const (
	answered outcome = iota
	canceled
	unavailable
	outcomes // how many there are
)

func (o outcome) String() string { return [outcomes]string{"answered", "canceled", "unavailable"}[o] }

// registerStores adds the durations of store operations. All their series are
// made here, so that an operation has none to look up.
func (m *Metrics) registerStores() {
	times := durations("session_store_operation_duration_seconds", "Operations of the session store by outcome: answered, canceled by a caller that left, or unavailable.",
		[]float64{.00001, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}, "operation", "outcome")
	m.registry.MustRegister(times)
	for op := range operations {
		for o := range outcomes {
			m.stores[op][o] = times.WithLabelValues(op.String(), o.String())
		}
	}
}
