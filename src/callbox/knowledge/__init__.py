"""What is published: articles, help centers, news."""
