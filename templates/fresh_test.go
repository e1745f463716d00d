package templates

import "time"

var _ = addSamples(sample{"fresh", signedIn("/fresh"), sampleFresh()})

func sampleFresh() Fresh {
	now := time.Date(2026, 11, 23, 16, 9, 0, 0, time.UTC)
	return Fresh{AuthTime: NewMoment(now.Add(-2*time.Minute), now), AsksAgain: NewMoment(now.Add(3*time.Minute), now)}
}
