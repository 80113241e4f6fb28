// Embeds the texts of the task on standard input with each client, and writes what it saw (more-clients.ts).
package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	ollama "github.com/ollama/ollama/api"
	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
)

type task struct {
	ServiceURL string   `json:"serviceUrl"`
	Texts      []string `json:"texts"`
	Many       []string `json:"many"`
}

type report struct {
	Client  string      `json:"client"`
	Version string      `json:"version"`
	Vectors [][]float64 `json:"vectors"`
	Many    int         `json:"many"`
	More    any         `json:"more,omitempty"`
}

func main() {
	var given task
	check(json.NewDecoder(os.Stdin).Decode(&given))
	check(json.NewEncoder(os.Stdout).Encode([]report{withOpenAI(given), withOllama(given)}))
}

func withOpenAI(given task) report {
	client := openai.NewClient(option.WithBaseURL(given.ServiceURL+"/v1/"), option.WithAPIKey("unused"))
	embed := func(texts []string) [][]float64 {
		answer, err := client.Embeddings.New(context.Background(), openai.EmbeddingNewParams{
			Model: "starter",
			Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: texts},
		})
		check(err)
		vectors := make([][]float64, len(answer.Data))
		for _, item := range answer.Data {
			vectors[item.Index] = item.Embedding
		}
		return vectors
	}
	many := 0
	// OpenAI's limit of a request, which this client leaves to its user.
	for some := range slices.Chunk(given.Many, 2048) {
		many += len(embed(some))
	}
	return report{Client: "openai-go", Version: versionOf("github.com/openai/openai-go/v3"), Vectors: embed(given.Texts), Many: many}
}

func withOllama(given task) report {
	base, err := url.Parse(given.ServiceURL)
	check(err)
	client := ollama.NewClient(base, http.DefaultClient)
	ctx := context.Background()
	check(client.Heartbeat(ctx))
	shown, err := client.Show(ctx, &ollama.ShowRequest{Model: "starter"})
	check(err)
	running, err := client.ListRunning(ctx)
	check(err)
	embed := func(texts []string) [][]float64 {
		answer, err := client.Embed(ctx, &ollama.EmbedRequest{Model: "starter", Input: texts})
		check(err)
		vectors := make([][]float64, len(answer.Embeddings))
		for i, embedding := range answer.Embeddings {
			for _, value := range embedding {
				vectors[i] = append(vectors[i], float64(value))
			}
		}
		return vectors
	}
	return report{
		Client:  "ollama/api",
		Version: versionOf("github.com/ollama/ollama"),
		Vectors: embed(given.Texts),
		Many:    len(embed(given.Many)),
		More:    map[string]any{"capabilities": shown.Capabilities, "running": running.Models[0].Name},
	}
}

func versionOf(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return strings.TrimPrefix(dependency.Version, "v")
		}
	}
	return ""
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
