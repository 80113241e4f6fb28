//! Embeds the texts of the task on standard input with each client, and writes what it saw (more-clients.ts).

use async_openai::{Client, config::OpenAIConfig, types::embeddings::CreateEmbeddingRequestArgs};
use rig_core::{client::EmbeddingsClient, embeddings::EmbeddingModel, providers::openai};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let task: Value = serde_json::from_reader(std::io::stdin()).unwrap();
    let url = format!("{}/v1", task["serviceUrl"].as_str().unwrap());
    let texts = strings(&task["texts"]);
    let many = strings(&task["many"]);
    println!("{}", json!([with_async_openai(&url, &texts, &many).await, with_rig(&url, &texts, &many).await]));
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

async fn with_async_openai(url: &str, texts: &[String], many: &[String]) -> Value {
    let client = Client::with_config(OpenAIConfig::new().with_api_base(url).with_api_key("unused"));
    let embed = async |texts: &[String]| {
        let request = CreateEmbeddingRequestArgs::default().model("starter").input(texts.to_vec()).build().unwrap();
        let answer = client.embeddings().create(request).await.unwrap();
        answer.data.into_iter().map(|item| item.embedding).collect::<Vec<_>>()
    };
    // OpenAI's limit of a request, which this client leaves to its user.
    let mut count = 0;
    for some in many.chunks(2048) {
        count += embed(some).await.len();
    }
    json!({ "client": "async-openai", "version": "0.43.0", "vectors": embed(texts).await, "many": count })
}

async fn with_rig(url: &str, texts: &[String], many: &[String]) -> Value {
    let client = openai::Client::builder().api_key("unused").base_url(url).build().unwrap();
    // Without the number it takes 0 for names that it does not know, and sends no `dimensions`.
    let model = client.embedding_model("starter");
    let mut count = 0;
    // It sends what it is given at once, and says 1,024 itself.
    for some in many.chunks(1024) {
        count += model.embed_texts(some.to_vec()).await.unwrap().len();
    }
    let vectors: Vec<_> = model.embed_texts(texts.to_vec()).await.unwrap().into_iter().map(|one| one.vec).collect();
    json!({ "client": "rig-core", "version": "0.37.0", "vectors": vectors, "many": count })
}
