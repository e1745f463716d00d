package main

import (
	"math"
	"strconv"
)

// row is one figure, with its baseline and its aim where it has them.
type row struct {
	Part   string  `json:"part"`
	Figure string  `json:"figure"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	// Baseline names what Than, in the same unit, was measured of.
	Baseline string  `json:"baseline,omitempty"`
	Than     float64 `json:"baseline_value,omitempty"`
	Ratio    float64 `json:"ratio,omitempty"`
	Aim      *aim    `json:"aim,omitempty"`
	// Key puts the row into the summary, where a row with an aim is anyway.
	Key bool `json:"-"`
}

// aim bounds a row's ratio, or its value where it has no ratio or OfValue says so.
type aim struct {
	OfValue bool    `json:"of_value,omitempty"`
	AtLeast float64 `json:"at_least,omitempty"`
	AtMost  float64 `json:"at_most,omitempty"`
	Met     bool    `json:"met"`
}

func atLeast(n float64) *aim { return &aim{AtLeast: n} }
func atMost(n float64) *aim  { return &aim{AtMost: n} }

// valueAtMost bounds a value, whatever its ratio.
func valueAtMost(n float64) *aim { return &aim{AtMost: n, OfValue: true} }

func (one row) than() string {
	if one.Baseline == "" {
		return ""
	}
	return number(one.Than) + " " + one.Baseline
}

func (one row) ratio() string {
	if one.Ratio == 0 {
		return ""
	}
	return strconv.FormatFloat(one.Ratio, 'f', 3, 64)
}

// String says what the aim was and whether it was met.
func (a *aim) String() string {
	if a == nil {
		return ""
	}
	return a.bound() + " " + a.verdict()
}

// bound says what the aim was, or nothing where there is none.
func (a *aim) bound() string {
	switch {
	case a == nil:
		return ""
	case a.AtMost != 0:
		return "≤ " + number(a.AtMost)
	}
	return "≥ " + number(a.AtLeast)
}

// verdict says whether it was met.
func (a *aim) verdict() string {
	switch {
	case a == nil:
		return ""
	case a.Met:
		return "met"
	}
	return "MISSED"
}

// number writes three significant digits, and all digits before the point.
func number(f float64) string {
	digits := 2 - int(math.Floor(math.Log10(max(math.Abs(f), 1e-9))))
	return strconv.FormatFloat(f, 'f', min(max(digits, 0), 3), 64)
}
