package templates

import "time"

var _ = addSamples(
	sample{"groups", signedIn("/groups"), sampleGroups()},
	sample{"groups-none", signedIn(""), Groups{Known: true, AsOf: sampleGroups().AsOf}},
	sample{"groups-unknown", signedIn(""), Groups{}},
)

func sampleGroups() Groups {
	now := time.Date(2026, 11, 23, 16, 9, 0, 0, time.UTC)
	v := Groups{Known: true, AsOf: NewMoment(now.Add(-3*time.Minute), now)}
	for range 40 {
		v.IDs = append(v.IDs, "6f1c9a52-0c53-4c0e-9d3b-0d6c8a1f2b3c")
	}
	return v
}
