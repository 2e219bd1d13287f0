"""The stand-in Salesforce: REST API, SOQL and OAuth over tables in memory."""
