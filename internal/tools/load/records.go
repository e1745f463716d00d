package main

import (
	"context"
	"fmt"
	"time"

	"webapp/internal/ports"
)

// baselineScs names the session library's own store.
const baselineScs = "scs memstore with gob"

// measureRecords weighs what is kept beside the session's record.
func measureRecords(ctx context.Context, r *report, n int) error {
	adds := []struct {
		name string
		add  func(*ports.NewSession)
	}{
		{"the record of the session alone", nil},
		{"with the claims of the ID token", func(s *ports.NewSession) { s.Claims = typicalClaims() }},
		{"with the claims and API tokens", func(s *ports.NewSession) { s.Claims, s.Tokens = typicalClaims(), typicalGrant(time.Now()) }},
	}
	for _, a := range adds {
		k, err := newOurs(a.add)
		if err != nil {
			return err
		}
		bytes, err := newPopulation(n).weigh(ctx, k)
		k.close()
		if err != nil {
			return err
		}
		other, err := newPopulation(n).weigh(ctx, newTheirs(nil, 0, 0, a.add))
		if err != nil {
			return err
		}
		r.add(row{Part: "memory", Figure: fmt.Sprintf("%s sessions: heap of one, %s", grouped(n), a.name), Value: bytes, Unit: "B", Baseline: baselineScs, Than: other})
	}
	return nil
}
