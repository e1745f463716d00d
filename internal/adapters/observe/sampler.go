package observe

import (
	"errors"
	"strconv"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

var (
	// ErrSampler means that the name is not a sampler of the OpenTelemetry
	// specification.
	ErrSampler = errors.New("unknown sampler")
	// ErrSamplerArg means that the argument is not a number from 0 to 1.
	ErrSamplerArg = errors.New("not a number from 0 to 1")
)

// ParseSampler returns the sampler of OTEL_TRACES_SAMPLER and
// OTEL_TRACES_SAMPLER_ARG, as the OpenTelemetry specification defines them. An
// empty name returns nil, which is the default. The error is ErrSampler or
// ErrSamplerArg.
func ParseSampler(name, arg string) (sdktrace.Sampler, error) {
	share := 1.0
	if arg != "" {
		var err error
		if share, err = strconv.ParseFloat(arg, 64); err != nil || !(share >= 0 && share <= 1) {
			return nil, ErrSamplerArg
		}
	}
	switch name {
	case "":
		return nil, nil
	case "always_on":
		return sdktrace.AlwaysSample(), nil
	case "always_off":
		return sdktrace.NeverSample(), nil
	case "traceidratio":
		return sdktrace.TraceIDRatioBased(share), nil
	case "parentbased_always_on":
		return sdktrace.ParentBased(sdktrace.AlwaysSample()), nil
	case "parentbased_always_off":
		return sdktrace.ParentBased(sdktrace.NeverSample()), nil
	case "parentbased_traceidratio":
		return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(share)), nil
	}
	return nil, ErrSampler
}
