package hotvec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.ollama.OllamaEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.springframework.ai.ollama.api.OllamaApi;
import org.springframework.ai.ollama.api.OllamaEmbeddingOptions;
import org.springframework.ai.openai.OpenAiEmbeddingOptions;
import org.springframework.ai.openai.api.OpenAiApi;

/** Embeds the texts of the task on standard input with each client, and writes what it saw (more-clients.ts). */
public final class Clients {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    JsonNode task = JSON.readTree(System.in);
    String url = task.get("serviceUrl").asText();
    List<Map<String, Object>> reports = new ArrayList<>();
    reports.add(report(task, "langchain4j-open-ai", dev.langchain4j.model.openai.OpenAiEmbeddingModel.class,
        langchain(OpenAiEmbeddingModel.builder().baseUrl(url + "/v1").apiKey("unused").modelName("starter").build())));
    reports.add(report(task, "langchain4j-ollama", OllamaEmbeddingModel.class,
        langchain(OllamaEmbeddingModel.builder().baseUrl(url).modelName("starter").build())));
    reports.add(report(task, "spring-ai-openai", OpenAiApi.class, springOpenAi(url)));
    reports.add(report(task, "spring-ai-ollama", OllamaApi.class, springOllama(url)));
    System.out.println(JSON.writeValueAsString(reports));
    // Clients leave threads behind.
    System.exit(0);
  }

  private static Function<List<String>, List<float[]>> langchain(EmbeddingModel model) {
    return texts -> model.embedAll(texts.stream().map(TextSegment::from).toList()).content().stream()
        .map(dev.langchain4j.data.embedding.Embedding::vector).toList();
  }

  private static Function<List<String>, List<float[]>> springOpenAi(String url) {
    // It puts /v1/embeddings behind the address itself.
    OpenAiApi api = OpenAiApi.builder().baseUrl(url).apiKey("unused").build();
    var options = OpenAiEmbeddingOptions.builder().model("starter").build();
    var model = new org.springframework.ai.openai.OpenAiEmbeddingModel(
        api, org.springframework.ai.document.MetadataMode.EMBED, options);
    return model::embed;
  }

  private static Function<List<String>, List<float[]>> springOllama(String url) {
    var model = org.springframework.ai.ollama.OllamaEmbeddingModel.builder()
        .ollamaApi(OllamaApi.builder().baseUrl(url).build())
        .defaultOptions(OllamaEmbeddingOptions.builder().model("starter").build())
        .build();
    return model::embed;
  }

  private static Map<String, Object> report(
      JsonNode task, String client, Class<?> known, Function<List<String>, List<float[]>> embed) {
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("client", client);
    report.put("version", versionOf(known));
    report.put("vectors", embed.apply(strings(task.get("texts"))));
    List<String> many = strings(task.get("many"));
    // OpenAI's limit of a request, which Spring AI leaves to its user; langchain4j sends 2,048 at a time itself.
    int size = client.equals("spring-ai-openai") ? 2048 : many.size();
    int count = 0;
    for (int start = 0; start < many.size(); start += size) {
      count += embed.apply(many.subList(start, Math.min(start + size, many.size()))).size();
    }
    report.put("many", count);
    return report;
  }

  /** From the name of its archive. */
  private static String versionOf(Class<?> known) {
    String archive = known.getProtectionDomain().getCodeSource().getLocation().getPath();
    return archive.replaceAll("^.*-(\\d[\\w.]*)\\.jar$", "$1");
  }

  private static List<String> strings(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(text -> texts.add(text.asText()));
    return texts;
  }
}
